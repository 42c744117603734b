//! Where the cache is: `redis://host:port`, or `rediss://` with TLS; `?cluster=true` for cluster
//! mode. A password in it is refused: a URL stands in settings and logs.

/// The address of a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheUrl {
    /// A name or an address.
    pub host: String,
    /// Its port: 6379 unless given.
    pub port: u16,
    /// Whether it is spoken to through TLS.
    pub tls: bool,
    /// Whether the keys are spread over the nodes of a cluster.
    pub cluster: bool,
}

impl std::str::FromStr for CacheUrl {
    type Err = String;

    /// Reads an address. Errors do not repeat the text.
    fn from_str(text: &str) -> Result<Self, String> {
        let schemes = [("redis://", false), ("rediss://", true)];
        let known = schemes.iter().find_map(|(s, tls)| Some((text.strip_prefix(s)?, *tls)));
        let (rest, tls) = known.ok_or("the cache's URL begins with redis:// or rediss://")?;
        if rest.contains('@') {
            return Err(
                "the cache's URL holds no user and no password: give them as a secret".to_owned()
            );
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let cluster = match query {
            "" | "cluster=false" => false,
            "cluster=true" => true,
            _ => return Err("the cache's URL knows no other option than cluster=true".to_owned()),
        };
        let (host, port) = place_of(place.strip_suffix('/').unwrap_or(place))?;
        Ok(Self { host, port, tls, cluster })
    }
}

/// A host and a port: `name`, `name:6379`, `[::1]:6379`.
fn place_of(text: &str) -> Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("the cache's URL lacks a `]`")?;
            (host, port.strip_prefix(':').or(port.is_empty().then_some("6379")))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("6379")),
        },
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    let port = port.and_then(|port| port.parse::<u16>().ok()).filter(|port| *port > 0);
    match port {
        Some(port) if !host.is_empty() && host.chars().all(plain) => Ok((host.to_owned(), port)),
        _ => Err("the cache's URL has a host and perhaps a port, and no path".to_owned()),
    }
}
