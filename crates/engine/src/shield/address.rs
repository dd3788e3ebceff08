//! Which address a request came from.

use std::net::IpAddr;

use ipnet::IpNet;

/// Most hops of `X-Forwarded-For` that are looked at.
const MAX_HOPS: usize = 32;

/// The client's address. `peer` is who is connected; `forwarded` are the values of `X-Forwarded-For` in the
/// order of their lines, each a list with commas. Every proxy appends whom it spoke with, so the list is
/// walked from the right, and the first address that is no trusted proxy is the client: what stands left of
/// it the client may have written himself. Where a hop cannot be read, the last proxy before it is all that
/// is known.
#[must_use]
pub fn client_address(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut client = peer.to_canonical();
    let hops = forwarded.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops.take(MAX_HOPS) {
        if !is_trusted(&client) {
            break;
        }
        let Some(address) = parse(hop) else { break };
        client = address;
    }
    client
}

/// An address with or without brackets and port, as proxies write them.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), forwarded, &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("203.0.113.7", &["198.51.100.1"], &[]), "203.0.113.7");
        assert_eq!(client("203.0.113.7", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.7");
    }

    #[test]
    fn behind_a_trusted_proxy_the_last_untrusted_hop_counts() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client("10.0.0.1", &["198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.1,10.9.9.9"], &trusted), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "198.51.100.1, 10.9.9.9"], &trusted), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &[], &trusted), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.2"], &trusted), "10.0.0.2");
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client("10.0.0.1", &["198.51.100.1, unknown"], &trusted), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, ,10.0.0.2"], &trusted), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &[""], &trusted), "10.0.0.1");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_read() {
        let trusted = ["10.0.0.0/8", "::1/128"];
        assert_eq!(client("10.0.0.1", &["198.51.100.1:4711"], &trusted), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]:4711"], &trusted), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]"], &trusted), "2001:db8::7");
        assert_eq!(client("::ffff:10.0.0.1", &["2001:db8::7"], &trusted), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["::ffff:198.51.100.1"], &trusted), "198.51.100.1");
    }
}
