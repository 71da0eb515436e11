//! The rules of the API, as far as a program can check them.

mod comments;
mod methods;
mod names;

use super::Contract;

/// Everything that breaks a rule, each as one line with its place, in the order of the files.
pub fn check(contract: &Contract) -> Vec<String> {
    let mut findings = comments::check(contract);
    findings.extend(names::check(contract));
    findings.extend(methods::check(contract));
    findings.sort();
    findings
}
