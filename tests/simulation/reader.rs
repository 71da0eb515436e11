//! Who looks at the services from outside of the world under test.

use slipway_chassis::{Caller, RequestId};
use slipway_domain::principal::Principal;

/// A caller who may see everything, and takes nothing from the world's chance.
pub fn reader() -> Caller {
    Caller::inside(Principal::anonymous(), RequestId::parse("simulation").expect("the text is plain ASCII"))
}
