//! `slipway policy check`, and what a change is told on its way.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use slipway_sdk::pb;

use super::does;
use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::{text, value};

/// `slipway policy check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Which findings: an AIP-160 filter, as 'effective_tier = 0'.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = value::filter)]
    filter: String,
    /// Of all namespaces.
    #[arg(long, short = 'A')]
    all_namespaces: bool,
    #[command(flatten)]
    limit: Limit,
}

impl Check {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<ExitCode> {
        let registry = connect.registry()?;
        let parent = if self.all_namespaces { "namespaces/-".to_owned() } else { connect.parent() };
        let request = pb::CheckPoliciesRequest { parent, filter: self.filter, ..Default::default() };
        let ask = async |page_size, page_token| {
            let request = pb::CheckPoliciesRequest { page_size, page_token, ..request.clone() };
            let page = registry.check_policies(request).await?;
            Ok(Page { items: page.findings, next: page.next_page_token, total: Some(page.total_size) })
        };
        let look = Look {
            kind: "slipway.registry.v1.PolicyFinding",
            headings: ["model", "policy", "does", "what to do"],
            row,
            nothing: "all models keep all policies",
        };
        self.limit.list(output, look, ask).await?;
        // What is listed may be a part: how it ends is asked of all.
        let filter = denying(&request.filter);
        let denied = pb::CheckPoliciesRequest { page_size: 1, filter, ..request };
        let denied = registry.check_policies(denied).await?.total_size;
        Ok(if denied > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// The filter of those findings that also break a policy which refuses that.
fn denying(filter: &str) -> String {
    let denies = "enforcement = DENY";
    if filter.trim().is_empty() { denies.to_owned() } else { format!("({filter}) AND {denies}") }
}

fn row(finding: &pb::PolicyFinding) -> [String; 4] {
    [
        text::id(&finding.model).to_owned(),
        text::id(&finding.policy).to_owned(),
        does(finding.enforcement()),
        what(finding),
    ]
}

fn what(finding: &pb::PolicyFinding) -> String {
    match finding.failure.as_str() {
        "" => finding.remedy.clone(),
        failure => format!("it can't be told: {failure}"),
    }
}

/// Writes what a change is told on standard error, where nobody takes it for the answer.
pub fn hear_findings() {
    slipway_sdk::on_findings(|finding| {
        let (model, policy) = (text::id(&finding.model), text::id(&finding.policy));
        let what = what(finding);
        let what = if what.is_empty() { what } else { format!("; {what}") };
        // When standard error is gone there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "warning: {model} breaks the policy {policy}{what}");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refuses_is_asked_for_among_what_was_asked_for() {
        assert_eq!(denying(" "), "enforcement = DENY");
        let both = denying("owner = ops OR effective_tier = 0");
        assert_eq!(both, "(owner = ops OR effective_tier = 0) AND enforcement = DENY");
        assert_eq!(value::filter(&both), Ok(both));
    }
}
