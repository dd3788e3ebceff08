//! Whom a request asks for. A browser lets a page read what comes from the page's own name; whoever owns that name can
//! make it point to this machine (DNS rebinding). So requests for names that are not this server's are refused. An
//! address is no name that could be made to point elsewhere.

use std::net::{IpAddr, Ipv6Addr};

use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Uri, Version};

use crate::problem::Problem;

/// Lets through what asks for this server. What names no host comes from no browser, and is of HTTP/1.0: RFC 9112
/// section 3.2.
pub(crate) fn check(head: &Parts, hosts: &[String]) -> Result<(), Problem> {
    let stated = head.headers.get_all(HOST).iter().count();
    if stated > 1 || (stated == 0 && head.version == Version::HTTP_11) {
        return Err(Problem::new("BAD_REQUEST", "a request names its Host, once").closing());
    }
    check_name(&head.headers, &head.uri, hosts)
}

fn check_name(headers: &HeaderMap, uri: &Uri, hosts: &[String]) -> Result<(), Problem> {
    if hosts.iter().any(|host| host == "*") {
        return Ok(());
    }
    let stated = headers.get_all(HOST).iter().map(|value| value.to_str().unwrap_or("?"));
    // Of an address in its absolute form the host counts, too: RFC 9112 section 3.2.2.
    if stated.chain(uri.host()).all(|host| is_ours(host, hosts)) {
        return Ok(());
    }
    Err(Problem::new("HOST_NOT_SERVED", "the request asks for a host that is none of this server's (server.hosts)"))
}

fn is_ours(host: &str, hosts: &[String]) -> bool {
    let name = without_port(host);
    let is_address = name.parse::<IpAddr>().is_ok()
        || name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .is_some_and(|name| name.parse::<Ipv6Addr>().is_ok());
    let name = name.strip_suffix('.').unwrap_or(name);
    is_address || name.eq_ignore_ascii_case("localhost") || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_of_ours_pass() {
        let hosts = ["ledger.example".to_owned()];
        for host in [
            "127.0.0.1",
            "127.0.0.1:8787",
            "[::1]:8787",
            "[::1]",
            "10.1.2.3:80",
            "localhost",
            "LOCALHOST:8787",
            "localhost.",
            "ledger.example:443",
            "Ledger.Example",
        ] {
            assert!(is_ours(host, &hosts), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8787",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "[::1",
            "a@localhost",
            "?",
            "1",
        ] {
            assert!(!is_ours(host, &hosts), "{host}");
        }
    }
}
