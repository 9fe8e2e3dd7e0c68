//! Where a request comes from, and how often wrong attempts may come from there.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::connect_info::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use super::App;
use super::connections::Peer;

/// Wrong attempts that one address has in a [`WINDOW`].
const ATTEMPTS: u32 = 30;
/// For how long an attempt counts, from the first one on.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// Addresses remembered at most.
const REMEMBERED: u64 = 50_000;

/// The visitor's address: the peer's, or what a trusted proxy says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor(pub IpAddr);

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>();
        let unknown = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let peer = peer.map_or(unknown, |ConnectInfo(Peer(address))| *address);
        let trusted = &app.base().tenant.web.trusted_proxies;
        Ok(Self(seen_through(peer.ip(), &parts.headers, trusted)))
    }
}

/// Follows `X-Forwarded-For` from the right, for as long as trusted proxies wrote it.
fn seen_through(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|net| net.contains(&address))
    };
    let mut visitor = peer;
    let lines = headers.get_all("x-forwarded-for").iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_trusted(visitor) {
            break;
        }
        match entry.trim().parse() {
            Ok(address) => visitor = address,
            Err(_) => break,
        }
    }
    visitor.to_canonical()
}

/// Wrong attempts by address.
#[derive(Clone)]
pub struct Attempts(moka::sync::Cache<IpAddr, Arc<AtomicU32>>);

impl Default for Attempts {
    /// None so far.
    fn default() -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(REMEMBERED);
        Self(builder.time_to_live(WINDOW).build())
    }
}

impl Attempts {
    fn of(&self, visitor: Visitor) -> Arc<AtomicU32> {
        self.0.get_with(network(visitor.0), Arc::default)
    }

    /// Counts an attempt before it is looked at; tells whether it may be.
    pub fn begin(&self, visitor: Visitor) -> bool {
        self.of(visitor).fetch_add(1, Ordering::Relaxed) < ATTEMPTS
    }

    /// Takes one back that was right.
    pub fn was_right(&self, visitor: Visitor) {
        let attempts = self.of(visitor);
        let less = |count: u32| Some(count.saturating_sub(1));
        let _ = attempts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// One visitor of IPv6 has a whole /64 of addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        seen_through(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(seen("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            seen("10.0.0.1", &["6.6.6.6", "203.0.113.9, 10.1.1.1"]),
            "203.0.113.9"
        );
        assert_eq!(seen("::ffff:10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn an_address_has_so_many_attempts() {
        let attempts = Attempts::default();
        let visitor = |text: &str| Visitor(text.parse().unwrap());
        for _ in 0..ATTEMPTS {
            assert!(attempts.begin(visitor("2001:db8::1")));
        }
        assert!(!attempts.begin(visitor("2001:db8::2")));
        assert!(attempts.begin(visitor("2001:db8:0:1::1")));
        attempts.was_right(visitor("2001:db8::1"));
        attempts.was_right(visitor("2001:db8::1"));
        assert!(attempts.begin(visitor("2001:db8::1")));
    }
}
