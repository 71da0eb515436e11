//! What an expression may ask for, and cost at most: decided on its tree, before it is ever evaluated.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr};

use crate::facts::{MOST_ENTRIES, PATHS};
use crate::rule::Refused;

/// The most parts of an expression.
const MOST_PARTS: u64 = 500;
/// How deep they lie within each other at most.
const DEEPEST: usize = 48;
/// The most steps of an evaluation, as far as they can be told before: some thousandths of a second.
const MOST_STEPS: u64 = 20_000;
/// The most fields of what a loop is at.
const MOST_FIELDS: usize = 3;

/// What can be called beside the operators. Nothing here makes a value larger than what it is given; `+` does, and so
/// what it makes is never looped over: it would grow with every loop.
const FUNCTIONS: [&str; 7] = ["size", "contains", "startsWith", "endsWith", "int", "double", "string"];

/// Refuses an expression that asks for what is not there, or whose cost has no bound.
pub(crate) fn check(expression: &IdedExpr) -> Result<(), Refused> {
    let mut look = Look { parts: 0, scope: Vec::new() };
    let steps = look.steps(expression, 0)?;
    if steps > MOST_STEPS { Err(Refused::TooCostly(steps, MOST_STEPS)) } else { Ok(()) }
}

/// A walk over an expression.
struct Look<'a> {
    parts: u64,
    /// The variables of the loops around.
    scope: Vec<&'a str>,
}

impl<'a> Look<'a> {
    /// How many steps an evaluation takes at most.
    fn steps(&mut self, node: &'a IdedExpr, depth: usize) -> Result<u64, Refused> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(Refused::TooLarge(MOST_PARTS));
        }
        if depth > DEEPEST {
            return Err(Refused::TooDeep(DEEPEST));
        }
        let below = match &node.expr {
            Expr::Call(call) => self.call(call, depth)?,
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, depth)?,
            Expr::Ident(_) | Expr::Select(_) => self.path(node)?,
            Expr::List(list) => self.sum(list.elements.iter(), depth)?,
            Expr::Map(map) => {
                let entries = map.entries.iter().flat_map(|entry| match &entry.expr {
                    EntryExpr::MapEntry(entry) => [&entry.key, &entry.value],
                    EntryExpr::StructField(field) => [&field.value, &field.value],
                });
                self.sum(entries, depth)?
            }
            Expr::Literal(_) => 0,
            Expr::Struct(made) => return Err(Refused::Unknown(made.type_name.clone())),
            Expr::Unspecified => return Err(Refused::Unknown("an empty part".to_owned())),
        };
        Ok(below.saturating_add(1))
    }

    fn sum(&mut self, nodes: impl Iterator<Item = &'a IdedExpr>, depth: usize) -> Result<u64, Refused> {
        nodes.into_iter().try_fold(0u64, |sum, node| Ok(sum.saturating_add(self.steps(node, depth + 1)?)))
    }

    fn call(&mut self, call: &'a CallExpr, depth: usize) -> Result<u64, Refused> {
        let name = call.func_name.as_str();
        // Operators are written with what is no part of a name.
        let is_operator = name.starts_with('@') || name.contains(|c: char| c != '_' && !c.is_alphanumeric());
        if !is_operator && !FUNCTIONS.contains(&name) {
            return Err(Refused::Unknown(format!("{name}()")));
        }
        self.sum(call.target.as_deref().into_iter().chain(&call.args), depth)
    }

    fn comprehension(&mut self, of: &'a ComprehensionExpr, depth: usize) -> Result<u64, Refused> {
        let is_bounded = is_given(&of.iter_range) || self.scope.is_empty() && is_of_given(&of.iter_range);
        if !is_bounded {
            return Err(Refused::Made);
        }
        let range = self.steps(&of.iter_range, depth + 1)?;
        let rounds = match &of.iter_range.expr {
            Expr::List(list) => list.elements.len(),
            _ => MOST_ENTRIES,
        };
        check_growth(of)?;
        let before = self.scope.len();
        self.scope.extend([of.iter_var.as_str(), of.accu_var.as_str()]);
        self.scope.extend(of.iter_var2.as_deref());
        let once = self.sum([&of.loop_cond, &of.loop_step].into_iter(), depth)?;
        let around = self.sum([&of.accu_init, &of.result].into_iter(), depth)?;
        self.scope.truncate(before);
        let rounds = u64::try_from(rounds).unwrap_or(u64::MAX);
        Ok(range.saturating_add(around).saturating_add(rounds.saturating_mul(once)))
    }

    /// What is asked for must be there: a fact, or what a loop is at.
    fn path(&self, node: &IdedExpr) -> Result<u64, Refused> {
        let (mut fields, mut at) = (Vec::new(), node);
        while let Expr::Select(select) = &at.expr {
            fields.push(select.field.as_str());
            at = &select.operand;
        }
        let Expr::Ident(root) = &at.expr else {
            // Nothing that is computed has fields.
            return Err(Refused::Unknown(format!(".{}", fields.last().copied().unwrap_or_default())));
        };
        if self.scope.contains(&root.as_str()) {
            let told = || format!("more than {MOST_FIELDS} fields of {root}");
            return if fields.len() > MOST_FIELDS { Err(Refused::Unknown(told())) } else { Ok(1) };
        }
        fields.push(root);
        fields.reverse();
        let given = fields.len();
        let fits = |path: &&str| {
            let parts: Vec<_> = path.split('.').collect();
            // A part of a path, as `model.labels`, is there as well.
            given <= parts.len() && parts.iter().zip(&fields).all(|(part, field)| *part == "*" || part == field)
        };
        if PATHS.iter().any(fits) { Ok(1) } else { Err(Refused::Unknown(fields.join("."))) }
    }
}

/// Whether it stands there as it is, and is not made in an evaluation: a path, or a list of literals.
fn is_given(range: &IdedExpr) -> bool {
    match &range.expr {
        Expr::Ident(_) | Expr::Select(_) => true,
        Expr::List(list) => list.elements.iter().all(|element| matches!(element.expr, Expr::Literal(_))),
        _ => false,
    }
}

/// Whether it holds no more than what is given: a list of paths and literals, or what a loop keeps of something.
fn is_of_given(range: &IdedExpr) -> bool {
    let is_one = |element: &IdedExpr| matches!(element.expr, Expr::Ident(_) | Expr::Select(_) | Expr::Literal(_));
    match &range.expr {
        Expr::List(list) => list.elements.iter().all(is_one),
        Expr::Comprehension(_) => true,
        _ => false,
    }
}

/// A loop that makes a list may keep what it is at, and nothing else: what it makes is then no larger than what it is made
/// of.
fn check_growth(of: &ComprehensionExpr) -> Result<(), Refused> {
    if !matches!(of.accu_init.expr, Expr::List(_)) {
        return Ok(());
    }
    let mut step = &of.loop_step;
    if let Expr::Call(choice) = &step.expr
        && choice.func_name == "_?_:_"
        && let Some(kept) = choice.args.get(1)
    {
        step = kept;
    }
    let keeps = match &step.expr {
        Expr::Call(sum) if sum.func_name == "_+_" => match sum.args.get(1).map(|added| &added.expr) {
            Some(Expr::List(list)) => {
                matches!(list.elements.as_slice(), [one] if one.expr == Expr::Ident(of.iter_var.clone()))
            }
            _ => false,
        },
        _ => false,
    };
    if keeps { Ok(()) } else { Err(Refused::Unknown("map(): use all(), exists() or filter()".to_owned())) }
}
