//! Who sends a request: his address and what he says he is, as an entry's personal block can hold them.

use std::net::IpAddr;

use countersign_core::entry::PERSONAL_MAX;
use countersign_core::grammar;
use countersign_engine::shield::address::client_address;
use hyper::HeaderMap;
use hyper::header::{HeaderName, USER_AGENT};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    pub(crate) user_agent: Option<String>,
}

impl Client {
    /// `peer`: who is connected. What a header says of the address counts only behind a trusted proxy.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        // A line that is not text still stands for a hop that cannot be read.
        let lines = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or(""));
        let lines: Vec<&str> = lines.collect();
        Self {
            address: client_address(peer, &lines, trusted),
            user_agent: headers.get(USER_AGENT).and_then(|value| tame(value.as_bytes())),
        }
    }
}

/// What of a text a personal block can hold: invalid and forbidden characters left out, cut at its size.
fn tame(text: &[u8]) -> Option<String> {
    let [.., most] = PERSONAL_MAX;
    let mut tamed = String::new();
    for c in String::from_utf8_lossy(text).chars() {
        if grammar::is_forbidden(c) || c == char::REPLACEMENT_CHARACTER {
            continue;
        }
        if tamed.len() + c.len_utf8() > most {
            break;
        }
        tamed.push(c);
    }
    (!tamed.is_empty()).then_some(tamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &[u8])], trusted: &[&str]) -> Client {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, hyper::header::HeaderValue::from_bytes(value).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        Client::of(peer.parse().unwrap(), &map, &trusted)
    }

    #[test]
    fn a_forwarded_address_counts_only_behind_a_trusted_proxy() {
        let spoofed: &[(&str, &[u8])] = &[("x-forwarded-for", b"198.51.100.9")];
        let address = |client: Client| client.address.to_string();
        assert_eq!(address(client("203.0.113.7", spoofed, &[])), "203.0.113.7");
        assert_eq!(address(client("203.0.113.7", spoofed, &["10.0.0.0/8"])), "203.0.113.7");
        assert_eq!(address(client("10.0.0.1", spoofed, &["10.0.0.0/8"])), "198.51.100.9");
        let twice: &[(&str, &[u8])] = &[("x-forwarded-for", b"198.51.100.9"), ("x-forwarded-for", b"\xff")];
        assert_eq!(address(client("10.0.0.1", twice, &["10.0.0.0/8"])), "10.0.0.1");
    }

    #[test]
    fn an_agent_is_cut_to_what_an_entry_can_hold() {
        let agent = |text: &[u8]| client("::1", &[("user-agent", text)], &[]).user_agent;
        assert_eq!(agent(b"game/7 (linux)").as_deref(), Some("game/7 (linux)"));
        assert_eq!(agent(b""), None);
        assert_eq!(agent(b"\t"), None);
        assert_eq!(agent("a\u{202e}b\u{200b}".as_bytes()).as_deref(), Some("ab"));
        assert_eq!(agent(b"a\xff\xfeb").as_deref(), Some("ab"));
        let long = agent("\u{91d1}".repeat(1000).as_bytes()).unwrap();
        assert!(long.len() == 510 && grammar::is_text(&long, 512));
    }
}
