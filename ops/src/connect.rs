//! From the environment to a handle on AWS.

use crate::Failure;
use tidegate_adapters::config::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
use tidegate_adapters::{Aws, Connection};

/// The AWS command line's name for the region.
const DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";

/// A handle on AWS, and where it points, for people.
#[derive(Debug, Clone)]
pub struct Target {
    /// The handle.
    pub aws: Aws,
    /// Table, endpoint and region.
    pub place: String,
    /// Endpoint or region.
    pub region: String,
}

/// Builds the clients from the variables that `get` knows; talks to nobody.
///
/// # Errors
/// [`Failure::Input`] with everything that is wrong with the environment, and where
/// credentials come from.
pub fn connect(table: &str, get: impl Fn(&str) -> Option<String>) -> Result<Target, Failure> {
    let region = |name: &str| if name == REGION { get(DEFAULT_REGION) } else { None };
    let connection = Connection::read(|name| get(name).or_else(|| region(name)));
    let connection = connection.map_err(|bad| Failure::Input(advised(&bad.to_string())))?;
    let region = match connection.endpoint_url() {
        Some(url) => format!("at {url}, {}", connection.region()),
        None => format!("in {}", connection.region()),
    };
    let place = match connection.endpoint_url() {
        Some(url) => format!("{table} at {url}"),
        None => format!("{table} {region}"),
    };
    Ok(Target { aws: Aws::connect(&connection, table, None), place, region })
}

fn advised(faults: &str) -> String {
    if !faults.contains(ACCESS_KEY_ID) && !faults.contains(SECRET_ACCESS_KEY) {
        return faults.to_owned();
    }
    format!(
        "{faults}\ncredentials are read from the environment; for a profile or single sign-on:\n  \
         eval \"$(aws configure export-credentials --format env)\"\nfor the local endpoint:\n  \
         eval \"$(tools/endpoint env)\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn with(env: &[(&str, &str)]) -> Result<Target, Failure> {
        let env: BTreeMap<&str, &str> = env.iter().copied().collect();
        connect("control", |name| env.get(name).map(|v| (*v).to_owned()))
    }

    const KEYS: [(&str, &str); 2] = [(ACCESS_KEY_ID, "AKIDEXAMPLE"), (SECRET_ACCESS_KEY, "s")];

    #[test]
    fn either_name_of_the_region_will_do() {
        for name in [REGION, DEFAULT_REGION] {
            let target = with(&[KEYS[0], KEYS[1], (name, "eu-central-1")]).unwrap();
            assert_eq!(target.place, "control in eu-central-1");
        }
    }

    #[test]
    fn missing_credentials_come_with_advice_and_other_faults_without() {
        let error = with(&[(REGION, "eu-central-1")]).unwrap_err();
        assert_eq!(error.code(), 2);
        assert!(error.to_string().contains("export-credentials --format env"), "{error}");
        let error = with(&KEYS).unwrap_err().to_string();
        assert!(error.contains("AWS_REGION") && !error.contains("export"), "{error}");
    }
}
