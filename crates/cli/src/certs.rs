//! `slipway certs`: an authority of one's own, and the certificates that it issues, to try TLS with and for small places.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

use slipway_chassis::env::Env;

use crate::output::line;

/// The authority's files.
const CA: &str = "ca";

/// Make an authority, and certificates by which services and people prove who they are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway certs ca certs
  slipway certs issue certs registry --dns registry.internal --dns localhost --ip 127.0.0.1
  slipway certs issue certs ada --uri spiffe://example.org/people/ada --days 30
The authority's key certifies anybody: keep certs/ca.key where nobody else can read it. A large place has an authority
of its own, and needs nothing of this.")]
pub struct Certs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make an authority: DIR/ca.crt and DIR/ca.key.
    #[command(after_help = "\
Examples:
  slipway certs ca certs
  slipway certs ca certs --days 730")]
    Ca {
        /// Where to.
        dir: PathBuf,
        /// How long it holds.
        #[arg(long, default_value_t = 3650)]
        days: u32,
    },
    /// Issue a certificate by the authority in DIR: DIR/NAME.crt and DIR/NAME.key.
    Issue(Issue),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slipway certs issue certs registry --dns registry.internal --dns localhost --ip 127.0.0.1
  slipway certs issue certs ada --uri spiffe://example.org/people/ada --days 30
  slipway certs issue certs registry --dns registry.internal --force")]
struct Issue {
    /// Where the authority is, and the certificate is put.
    dir: PathBuf,
    /// What the files are called.
    name: String,
    /// A DNS name of the holder; the first is who it is if it has no URI.
    #[arg(long, value_name = "NAME")]
    dns: Vec<String>,
    /// An IP address at which the holder serves.
    #[arg(long, value_name = "ADDR")]
    ip: Vec<std::net::IpAddr>,
    /// A URI of the holder, as spiffe://example.org/launcher; the first is who it is: cert:URI in a policy.
    #[arg(long, value_name = "URI")]
    uri: Vec<String>,
    /// How long it holds.
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Take the place of a certificate of that name.
    #[arg(long)]
    force: bool,
}

impl Certs {
    /// Makes what was asked for.
    pub fn run(self) -> Result<ExitCode> {
        match self.what {
            What::Ca { dir, days } => authority(&dir, days)?,
            What::Issue(issue) => issue.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn authority(dir: &Path, days: u32) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    let params = of_authority(days)?;
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let written = write(dir, CA, (&certificate.pem(), &key.serialize_pem()), Existing::Kept)?;
    line(&format!(
        "The authority is {written}.\nCallers trust its services by --ca, services its callers by tls.client-ca."
    ))
}

/// What the certificate of an authority says.
fn of_authority(days: u32) -> Result<CertificateParams> {
    let mut params = holding(days)?;
    params.distinguished_name.push(DnType::CommonName, "Slipway development authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

impl Issue {
    fn run(self) -> Result<()> {
        let well_named =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !well_named(&self.name) || self.name == CA || self.name.starts_with('.') {
            bail!("{:?} is not a name for files; write letters and digits, as registry or ada", self.name);
        }
        let names = self.names()?;
        let path = self.dir.join("ca.key");
        let key = std::fs::read_to_string(&path).with_context(|| {
            format!("reading {}; `slipway certs ca {}` makes an authority", path.display(), self.dir.display())
        })?;
        let key = KeyPair::from_pem(&key).with_context(|| format!("{} is not a private key", path.display()))?;
        // All that a certificate says of its issuer is the issuer's name and key.
        let issuer = Issuer::new(of_authority(self.days)?, key);
        let mut params = holding(self.days)?;
        params.distinguished_name.push(DnType::CommonName, &self.name);
        params.subject_alt_names = names;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        let existing = if self.force { Existing::Replaced } else { Existing::Kept };
        let written = write(&self.dir, &self.name, (&certificate.pem(), &key.serialize_pem()), existing)?;
        let who = self.uri.first().or(self.dns.first());
        let who = who.map_or("nobody in a policy, without a --uri or a --dns".to_owned(), |name| {
            format!("cert:{name} in a policy")
        });
        line(&format!("Issued {written}.\nIts holder is {who}."))
    }

    fn names(&self) -> Result<Vec<SanType>> {
        if self.dns.is_empty() && self.ip.is_empty() && self.uri.is_empty() {
            bail!("a certificate names its holder: give --dns, --ip or --uri");
        }
        let mut names = Vec::new();
        for uri in &self.uri {
            if !uri.contains("://") {
                bail!("{uri:?} is not a URI; write it as spiffe://example.org/launcher");
            }
            names.push(SanType::URI(uri.as_str().try_into().with_context(|| format!("{uri:?} is not a URI"))?));
        }
        for dns in &self.dns {
            names
                .push(SanType::DnsName(dns.as_str().try_into().with_context(|| format!("{dns:?} is not a DNS name"))?));
        }
        names.extend(self.ip.iter().copied().map(SanType::IpAddress));
        Ok(names)
    }
}

/// A certificate that holds from an hour ago, since clocks differ, for so many days.
fn holding(days: u32) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let (hour, day) = (Duration::from_secs(3600), Duration::from_secs(86_400));
    let now = SystemTime::from(Env::system().now());
    let end = day.checked_mul(days).and_then(|days| now.checked_add(days)).context("--days are too many")?;
    params.not_before = (now - hour).into();
    params.not_after = end.into();
    Ok(params)
}

/// What becomes of files that are there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Kept,
    Replaced,
}

/// Writes `name.crt` and `name.key`, the latter for its owner's eyes alone; says where.
fn write(dir: &Path, name: &str, (certificate, key): (&str, &str), existing: Existing) -> Result<String> {
    let files = [(dir.join(format!("{name}.key")), key, 0o600), (dir.join(format!("{name}.crt")), certificate, 0o644)];
    for (path, ..) in &files {
        if existing == Existing::Kept && path.exists() {
            bail!("{} is there, and is not overwritten", path.display());
        }
    }
    for (path, text, mode) in &files {
        // Never half written: whoever follows the file sees the old one or the new one.
        let new = path.with_extension("new");
        let mut options = OpenOptions::new();
        let written = options.write(true).create(true).truncate(true).mode(*mode).open(&new);
        let written = written.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
        written.and_then(|()| std::fs::rename(&new, path)).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(format!("{} with {}", files[1].0.display(), files[0].0.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn issue(dir: &Path, name: &str, existing: Existing) -> Result<()> {
        let uri = vec!["spiffe://acme/ada".to_owned()];
        let (dns, ip) = (vec![], vec![]);
        Issue {
            dir: dir.to_owned(),
            name: name.to_owned(),
            dns,
            ip,
            uri,
            days: 1,
            force: existing == Existing::Replaced,
        }
        .run()
    }

    #[test]
    fn nothing_is_overwritten_unless_asked_and_keys_are_for_their_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let told = issue(dir.path(), "ada", Existing::Kept).unwrap_err();
        assert!(format!("{told:#}").contains("slipway certs ca"), "{told:#}");
        authority(dir.path(), 1).unwrap();
        assert!(authority(dir.path(), 1).is_err());
        issue(dir.path(), "ada", Existing::Kept).unwrap();
        let read = || std::fs::read(dir.path().join("ada.key")).unwrap();
        let first = read();
        assert!(issue(dir.path(), "ada", Existing::Kept).is_err());
        assert_eq!(read(), first);
        issue(dir.path(), "ada", Existing::Replaced).unwrap();
        assert_ne!(read(), first);
        for key in ["ca.key", "ada.key"] {
            assert_eq!(std::fs::metadata(dir.path().join(key)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        for name in ["", "ca", "../ada", ".ada"] {
            assert!(issue(dir.path(), name, Existing::Replaced).is_err(), "{name:?}");
        }
    }
}
