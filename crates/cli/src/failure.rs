//! What went wrong: in words for a person, as one line of JSON for a program. Both on standard error.

use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::exit;
use crate::flags::spoken;

/// How a failure is told.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Whether a program reads.
    pub as_json: bool,
    /// The flags that the command has.
    pub flags: Vec<String>,
}

impl Told {
    /// Says what went wrong, and ends with the code that fits.
    pub fn failed(&self, error: &anyhow::Error) -> ExitCode {
        let code = exit::code(error);
        match self.as_json {
            true => say(&self.object(error, code).to_string()),
            false => say(&format!("error: {}", self.words(error))),
        }
        ExitCode::from(code)
    }

    /// Says what is wrong with the command line. Help and the version are no failures.
    pub fn usage(&self, error: &clap::Error) -> ExitCode {
        if error.use_stderr() && self.as_json {
            let message = first_paragraph(&error.render().to_string());
            say(&json!({ "error": { "code": "INVALID_ARGUMENT", "reason": "USAGE", "message": message,
                "advice": "--help shows the arguments, with examples.", "exitCode": exit::USAGE } })
            .to_string());
            return ExitCode::from(exit::USAGE);
        }
        // When nobody listens there is nobody left to tell.
        let _ = error.print();
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE))
    }

    fn words(&self, error: &anyhow::Error) -> String {
        if let Some(answer) = error.downcast_ref::<slipway_sdk::Error>() {
            return match answer.violations() {
                [] => answer.to_string(),
                _ => self.violations(answer),
            };
        }
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!("\n  because: {error}"));
            cause = error.source();
        }
        text
    }

    /// Each wrong field once, in the words of the flags.
    fn violations(&self, answer: &slipway_sdk::Error) -> String {
        let told = answer.violations().iter().map(|wrong| match wrong.field.is_empty() {
            true => wrong.description.clone(),
            false => format!("{}: {}", spoken(&wrong.field, &self.flags), wrong.description),
        });
        let mut lines: Vec<String> = Vec::new();
        for line in told {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let named = format!("[{}, request {}]", answer.reason(), answer.request_id());
        match &lines[..] {
            [one] => format!("{one} {named}"),
            more => format!("{} things are wrong {named}\n  {}", more.len(), more.join("\n  ")),
        }
    }

    fn object(&self, error: &anyhow::Error, code: u8) -> Value {
        let Some(answer) = error.downcast_ref::<slipway_sdk::Error>() else {
            let reason = if code == exit::USAGE { "USAGE" } else { "FAILED" };
            return json!({ "error": { "reason": reason, "message": self.words(error), "exitCode": code } });
        };
        let violation = |wrong: &slipway_sdk::Violation| {
            json!({ "field": wrong.field, "flag": spoken(&wrong.field, &self.flags), "reason": wrong.reason,
                "description": wrong.description })
        };
        let precondition = |broken: &slipway_sdk::Precondition| json!({ "kind": broken.kind, "subject": broken.subject, "description": broken.description });
        json!({ "error": {
            "code": slipway_domain::fault::CODE_NAMES[answer.code() as usize],
            "reason": answer.reason(),
            "message": answer.message(),
            "advice": answer.advice(),
            "facts": answer.facts(),
            "violations": answer.violations().iter().map(violation).collect::<Vec<_>>(),
            "preconditions": answer.preconditions().iter().map(precondition).collect::<Vec<_>>(),
            "requestId": answer.request_id(),
            "retryable": answer.is_retryable(),
            "exitCode": code,
        } })
    }
}

/// What is wrong with a command line, on one line and without the usage that follows.
fn first_paragraph(text: &str) -> String {
    let lines = text.trim_start_matches("error: ").lines().take_while(|line| !line.is_empty());
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

fn say(text: &str) {
    // When standard error is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_command_line_is_told_on_one_line() {
        let text = "error: these are missing:\n  <ID>\n  --owner <ID>\n\nUsage: slipway model create";
        assert_eq!(first_paragraph(text), "these are missing: <ID> --owner <ID>");
    }

    #[test]
    fn a_failure_of_this_side_has_a_reason_too() {
        let told = Told::default();
        let usage = anyhow::Error::from(exit::Usage("the shares make 50 %".to_owned()));
        assert_eq!(told.object(&usage, exit::code(&usage))["error"]["reason"], "USAGE");
        let other = anyhow::anyhow!("inner").context("outer");
        let object = told.object(&other, exit::code(&other));
        assert_eq!((&object["error"]["reason"], &object["error"]["exitCode"]), (&json!("FAILED"), &json!(1)));
        assert!(told.words(&other).contains("because: inner"));
    }
}
