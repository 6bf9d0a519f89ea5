//! The lookup of names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::http::endpoint::is_loopback_name;

/// Looks names up as the system does, except for `localhost` and the names below it. Those are this machine
/// (<https://www.rfc-editor.org/rfc/rfc6761#section-6.3>), and a secret goes there without encryption, so no other
/// machine's word counts for where they are.
#[derive(Debug, Default)]
pub(super) struct LoopbackResolver(DefaultResolver);

impl Resolver for LoopbackResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        if !uri.host().is_some_and(is_loopback_name) {
            return self.0.resolve(uri, config, timeout);
        }
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let mut found = self.empty();
        // The error of the last address is the one that is shown, and a machine may have no IPv6.
        for ip in [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)] {
            found.push(SocketAddr::new(ip, port));
        }
        Ok(found)
    }
}
