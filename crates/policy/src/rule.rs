//! A rule: an expression that is true of a model that keeps it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::parser::Parser;
use cel::{Context, Env, IdedExpr, Value};

use crate::Facts;
use crate::limits;

/// The most bytes of an expression.
pub const LONGEST: usize = 2048;
/// How deep the parser goes at most.
const DEEPEST: u16 = 32;
/// The most characters of what is said about an expression that can't be read.
const LONGEST_WORD: usize = 300;

/// Why an expression is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none.
    #[error("is required: an expression that is true of a model that keeps the policy, as model.runbook_uri != \"\"")]
    Empty,
    /// It is too long.
    #[error("has {0} bytes; at most {LONGEST} are kept")]
    TooLong(usize),
    /// It can't be read.
    #[error("can't be read: {0}")]
    Unreadable(String),
    /// It has too many parts.
    #[error("has more than {0} parts; make several policies of it")]
    TooLarge(u64),
    /// Its parts lie too deep within each other.
    #[error("has parts more than {0} deep within each other")]
    TooDeep(usize),
    /// It asks for something that there is not.
    #[error("asks for {0}, which there is not")]
    Unknown(String),
    /// A loop goes over something that is made.
    #[error("loops over what is made in it; loop over a fact or over a list of literals")]
    Made,
    /// It could take too long.
    #[error("could take {0} steps; at most {1} are allowed")]
    TooCostly(u64, u64),
}

/// What a rule says of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is kept.
    Kept,
    /// It is broken.
    Broken,
    /// It can't be told, for this reason. Whoever asks must not take that for kept.
    Failed(String),
}

/// A compiled expression.
#[derive(Debug)]
pub struct Rule(IdedExpr);

/// What all rules are evaluated with: the standard library without optional values.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::default().with_optional_support(false).with_stdlib()));

impl Rule {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn compile(text: &str) -> Result<Self, Refused> {
        if text.trim().is_empty() {
            return Err(Refused::Empty);
        }
        if text.len() > LONGEST {
            return Err(Refused::TooLong(text.len()));
        }
        let parse = || Parser::new().max_recursion_depth(DEEPEST).error_recovery_limit(1).parse(text);
        // The parser is others': what it breaks off at can't be read, and nothing else is lost.
        let parsed = catch_unwind(AssertUnwindSafe(parse));
        let parsed = parsed.map_err(|_| Refused::Unreadable("the parser broke off".to_owned()))?;
        let expression = parsed.map_err(|errors| Refused::Unreadable(clipped(&errors.to_string())))?;
        limits::check(&expression)?;
        Ok(Self(expression))
    }

    /// What it says of a model.
    #[must_use]
    pub fn judge(&self, facts: &Facts<'_>) -> Verdict {
        let evaluate = || {
            let mut context = Context::with_env(Arc::clone(&ENV));
            facts.show(&mut context);
            Value::resolve(&self.0, &context)
        };
        match catch_unwind(AssertUnwindSafe(evaluate)) {
            Ok(Ok(Value::Bool(true))) => Verdict::Kept,
            Ok(Ok(Value::Bool(false))) => Verdict::Broken,
            Ok(Ok(_)) => Verdict::Failed("it is neither true nor false".to_owned()),
            Ok(Err(error)) => Verdict::Failed(clipped(&error.to_string())),
            Err(_) => Verdict::Failed("its evaluation broke off".to_owned()),
        }
    }
}

/// The beginning of a text, on one line.
fn clipped(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WORD).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
