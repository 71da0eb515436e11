//! `slipway auth …`: who one is, who may what and why, and static tokens.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;
use slipway_chassis::access::tokens;
use slipway_chassis::env::Env;
use slipway_domain::principal::Principal;
use slipway_sdk::pb;

use crate::connect::{Connect, Service};
use crate::output::{Output, line};
use crate::table::facts;
use crate::text;
use crate::value;

/// Who one is, who may what, and tokens.
#[derive(Debug, Subcommand)]
pub enum Auth {
    /// Say who you are to a service, and which lines of its policy are about you.
    #[command(after_help = "Examples:\n  slipway auth whoami\n  slipway auth whoami --service launcher")]
    Whoami {
        /// The service that is asked.
        #[arg(long, value_enum, default_value = "registry")]
        service: Service,
    },
    /// Say whether somebody may call a method on a resource, and by which line of the policy. Exits with 1 for a no.
    #[command(after_help = "\
Examples:
  slipway auth explain jwt:ada@example.org SetTraffic flight-delay
  slipway auth explain me GetModel namespaces/default/models/flight-delay
  slipway auth explain jwt:ada@example.org CreateLaunch flight-delay --group ml-oncall
A launch is explained by the launcher, which knows whose it is; everything else by the registry.")]
    Explain(Explain),
    /// Static tokens, for small places.
    #[command(subcommand)]
    Token(Token),
}

/// `slipway auth explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Whom it is about, as jwt:ada@example.org, cert:spiffe://example.org/ci, token:nightly; `me` for yourself.
    principal: String,
    /// The method, as SetTraffic or slipway.registry.v1.Registry/SetTraffic.
    method: String,
    /// A model by its id, or any resource by its full name.
    resource: value::Resource,
    /// A group that their proof would name; may be repeated.
    #[arg(long = "group", value_name = "NAME")]
    groups: Vec<String>,
}

/// Static tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token. It is printed this once; the service keeps its hash alone.
    #[command(after_help = "Example:\n  slipway auth token create --name nightly-build")]
    Create {
        /// Whom it stands for: they are token:NAME in the policy.
        #[arg(long, value_parser = name)]
        name: String,
    },
}

fn name(text: &str) -> Result<String, String> {
    let named = Principal::token(text).map_err(|error| error.to_string())?;
    let quiet = text.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\');
    if quiet {
        Ok(named.as_str()["token:".len()..].to_owned())
    } else {
        Err("use letters, digits and -_./@".to_owned())
    }
}

/// A new token, for programs.
#[derive(Serialize)]
struct Created<'a> {
    token: &'a str,
    principal: String,
    sha256: &'a str,
}

impl Auth {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        match self {
            Self::Whoami { service } => {
                let caller = connect.operations(service)?.get_caller().await?;
                output.write("slipway.operations.v1.GetCallerResponse", &caller, show)?;
            }
            Self::Explain(explain) => return explain.run(connect, output).await,
            Self::Token(Token::Create { name }) => create(&name, output)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Explain {
    async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let Self { principal, method, resource, groups } = self;
        let resource = connect.resource(&resource);
        let service = if resource.contains("/launches/") { Service::Launcher } else { Service::Registry };
        let principal = if principal == "me" { String::new() } else { principal };
        let request = pb::ExplainAccessRequest { principal, groups, method, resource };
        let told = connect.operations(service)?.explain_access(request).await?;
        output.write("slipway.operations.v1.ExplainAccessResponse", &told, explained)?;
        Ok(if told.allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn create(name: &str, output: Output) -> Result<()> {
    let token = tokens::generate(&Env::system());
    let sha256 = tokens::hash(&token);
    if output.is_json() {
        let created = Created { token: &token, principal: format!("token:{name}"), sha256: &sha256 };
        return line(&serde_json::to_string(&created)?);
    }
    line(&format!(
        "{token}\n\nIt is shown this once. For the file that the setting access.tokens names:\n\n\
         [[tokens]]\nname = \"{name}\"\nsha256 = \"{sha256}\"\n\nIn the policy they are token:{name}."
    ))
}

/// Who somebody is.
fn show(caller: &pb::GetCallerResponse) -> String {
    let proof = caller.proof().as_str_name().trim_start_matches("PROOF_").to_ascii_lowercase();
    let mut fields = vec![
        ("principal", caller.principal.clone()),
        ("proven by", proof),
        ("groups", caller.groups.join(", ")),
        ("until", text::instant(caller.proof_expire_time)),
        ("service", format!("{} {}", caller.service, caller.program_version)),
    ];
    if !caller.guarded {
        fields.push(("roles", "everybody may do everything: the service has no policy".to_owned()));
    }
    fields.extend(caller.roles.iter().map(|role| ("role", binding(role))));
    facts(&fields)
}

fn binding(role: &pb::RoleBinding) -> String {
    let pb::RoleBinding { line, role, namespaces, teams, tiers } = role;
    let tiers: Vec<String> = tiers.iter().map(i32::to_string).collect();
    let of = |what: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!(", {what} {}", names.join(" ")),
    };
    let scope = [of("namespaces", namespaces), of("teams", teams), of("tiers", &tiers)].concat();
    format!("{role} (line {line} of the policy{scope})")
}

/// A yes or no, and each line about it.
fn explained(told: &pb::ExplainAccessResponse) -> String {
    let lines = told.lines.iter().map(|line| format!("  line {} ({}) {}", line.line, line.role, line.effect));
    let yes = if told.allowed { "yes" } else { "no" };
    std::iter::once(format!("{yes}: {}", told.summary)).chain(lines).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_token_fits_into_its_file() {
        assert_eq!(name("nightly-build").as_deref(), Ok("nightly-build"));
        for text in ["", "a b", "a\"b", "a\\b", "ä"] {
            assert!(name(text).is_err(), "{text}");
        }
    }
}
