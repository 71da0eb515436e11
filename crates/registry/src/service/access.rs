//! What a caller may see and do. Asked before anything is said about what exists.

use slipway_chassis::Caller;
use slipway_domain::name::{Identifier, ModelName};

use crate::Error;
use crate::state::State;

/// Makes sure that the caller may do on a model, or on what lies below it, what its method does.
pub(super) fn check_model(caller: &Caller, state: &State, model: &ModelName) -> Result<(), Error> {
    Ok(caller.check(&state.subject(model), model)?)
}

/// Makes sure that the caller may see what is nobody's model, as a model type or a team: whoever sees anything in a
/// namespace sees those.
pub(super) fn check_sees_namespace(
    caller: &Caller,
    namespace: &Identifier,
    name: &impl std::fmt::Display,
) -> Result<(), Error> {
    Ok(caller.check_listing(namespace.as_str(), name)?)
}

/// Makes sure that the caller may see something below `parent`, which is a name or part of one, or empty; what it may
/// not see is left out.
pub(super) fn check_below(caller: &Caller, parent: &str) -> Result<(), Error> {
    let namespace = parent.split('/').nth(1).unwrap_or("-");
    Ok(caller.check_listing(namespace, &if parent.is_empty() { "namespaces/-" } else { parent })?)
}

/// Whether the caller may see the resource of this name, which a picture tells about.
pub(super) fn sees(caller: &Caller, state: &State, name: &str) -> bool {
    let grant = &caller.granted.grant;
    let mut parts = name.split('/');
    if let Some(("namespaces", namespace)) = name.split_once('/').filter(|(_, rest)| !rest.contains('/')) {
        return grant.touches(namespace);
    }
    let (_, Some(namespace), Some(kind), Some(id)) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let of_model = || {
        let model = ModelName::parse(&format!("namespaces/{namespace}/models/{id}")).ok();
        model.is_some_and(|model| grant.covers(&state.subject(&model)))
    };
    grant.covers_whole(namespace) || if kind == "models" { of_model() } else { grant.touches(namespace) }
}
