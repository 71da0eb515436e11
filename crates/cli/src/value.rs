//! What an argument may hold: read before anything is asked of a service, and told with an example of a good one.

mod name;
mod time;

pub use name::{Alias, AliasMove, Launch, Model, ModelType, Policy, Resource, Team, Version, identifier, namespace};
pub use time::{Day, Instant, duration};

use slipway_domain::filter;

/// Why an argument can't be used, and how a good one looks.
pub type Refused = String;

/// Reads a share, as `5%` or `0.05`.
pub fn share(text: &str) -> Result<f64, Refused> {
    let (number, size) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&(number / size)) => Ok(number / size),
        _ => Err("a share lies between 0% and 100%; write 5% or 0.05".to_owned()),
    }
}

/// Reads what is tolerated or exposed: a share above nothing.
pub fn positive_share(text: &str) -> Result<f64, Refused> {
    match share(text)? {
        0.0 => Err("it must be above 0%; write 5% or 0.05".to_owned()),
        share => Ok(share),
    }
}

/// One step of a ramp.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The candidate's share of the units.
    pub share: f64,
    /// How long it is held.
    pub bake: std::time::Duration,
}

/// Reads a step, as `25%:2d`; without a time it is not held.
pub fn step(text: &str) -> Result<Step, Refused> {
    let (part, bake) = text.split_once(':').unwrap_or((text, "0s"));
    let told = |why: Refused| format!("{why}; a step is a share and how long it is held, as 5%:2d");
    Ok(Step { share: share(part.trim()).map_err(told)?, bake: duration(bake).map_err(told)? })
}

/// The share of one version.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// The number of the version.
    pub number: u64,
    /// Its share of the units.
    pub share: f64,
}

/// Reads the share of a version, as `1=95%`.
pub fn slice(text: &str) -> Result<Slice, Refused> {
    let refused = || "write the number of a version and its share, as 1=95%".to_owned();
    let (number, part) = text.split_once('=').ok_or_else(refused)?;
    let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(refused)?;
    Ok(Slice { number, share: share(part).map_err(|_| refused())? })
}

/// Reads a label, as `team=ads`.
pub fn label(text: &str) -> Result<(String, String), Refused> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("a label is a key and a value; write team=ads".to_owned());
    };
    Ok((identifier(key)?, value.to_owned()))
}

/// Reads the digest of an artifact.
pub fn digest(text: &str) -> Result<String, Refused> {
    let hex = |digits: &str| digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if text.strip_prefix("sha256:").is_some_and(hex) {
        return Ok(text.to_owned());
    }
    Err("a digest is sha256: and 64 hexadecimal digits in lower case, as `sha256sum` prints them".to_owned())
}

/// Reads the address of an artifact or a document.
pub fn uri(text: &str) -> Result<String, Refused> {
    let mut check = slipway_domain::check::Check::new();
    check.required("uri", text);
    check.uri("uri", text);
    match check.is_clean() {
        true => Ok(text.to_owned()),
        false => Err("it is not a whole address; write s3://bucket/path or https://host/path".to_owned()),
    }
}

/// Reads why something is done.
pub fn reason(text: &str) -> Result<String, Refused> {
    match text.trim().is_empty() {
        true => Err("it is empty; say in a few words why, as 'wrong artifact'".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Reads a filter. Whether its fields are there is for the service to say.
pub fn filter(text: &str) -> Result<String, Refused> {
    let told = |error| format!("it {error}; write owner = ops AND effective_tier <= 1");
    filter::check_syntax(text).map(|()| text.to_owned()).map_err(told)
}

/// Reads how long a call may take, in seconds.
pub fn deadline(text: &str) -> Result<std::time::Duration, Refused> {
    let seconds = text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    let read = seconds.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
    read.ok_or_else(|| "it is not a number of seconds above 0; write 10 or 0.5".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent_or_fractions() {
        assert_eq!((share("5%").unwrap(), share("0.05").unwrap()), (0.05, 0.05));
        for text in ["", "101%", "-1%", "2", "5", "NaN", "inf%"] {
            assert!(share(text).unwrap_err().contains("5%"), "{text}");
        }
        assert!(share("0%").is_ok() && positive_share("0%").is_err() && positive_share("0.1%").is_ok());
    }

    #[test]
    fn a_step_is_a_share_and_how_long_it_is_held() {
        let held = step("25%:2d").unwrap();
        assert_eq!((held.share, held.bake.as_secs()), (0.25, 172_800));
        assert!(step("100%").unwrap().bake.is_zero());
        for bad in ["", ":2d", "25%:", "25%:2", "lots:2d", "5:2d"] {
            assert!(step(bad).unwrap_err().contains("5%:2d"), "{bad}");
        }
    }

    #[test]
    fn a_slice_is_a_version_and_its_share() {
        assert_eq!(slice("2=5%").unwrap(), Slice { number: 2, share: 0.05 });
        for bad in ["", "2", "=5%", "x=5%", "0=5%", "2=5", "2=200%"] {
            assert!(slice(bad).unwrap_err().contains("1=95%"), "{bad}");
        }
    }

    #[test]
    fn labels_digests_addresses_and_reasons_are_read_as_the_services_read_them() {
        assert_eq!(label("team=a=b").unwrap(), ("team".to_owned(), "a=b".to_owned()));
        assert!(label("team").is_err() && label("Team=ads").is_err() && label("=ads").is_err());
        assert!(digest(&format!("sha256:{}", "0a".repeat(32))).is_ok());
        assert!(digest(&"0a".repeat(32)).is_err() && digest(&format!("sha256:{}", "0A".repeat(32))).is_err());
        assert!(uri("s3://models/fd/1").is_ok() && uri("models/fd").is_err() && uri("").is_err());
        assert!(reason("wrong artifact").is_ok() && reason(" ").is_err());
    }

    #[test]
    fn a_filter_is_refused_for_its_grammar_and_not_for_its_fields() {
        assert!(filter("anything = 1").is_ok() && filter("").is_ok());
        assert!(filter("owner =").unwrap_err().contains("owner = ops"));
    }

    #[test]
    fn a_deadline_is_more_than_no_time() {
        assert_eq!((deadline("0.5").unwrap().as_millis(), deadline("2s").unwrap().as_secs()), (500, 2));
        for bad in ["0", "-1", "soon", "1e300", "NaN", ""] {
            assert!(deadline(bad).is_err(), "{bad}");
        }
    }
}
