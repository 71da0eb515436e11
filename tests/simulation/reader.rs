//! Who looks at the services from outside of the world under test.

use futures_util::FutureExt;
use slipway_chassis::{Caller, RequestId};
use slipway_domain::principal::Principal;

/// A caller who may see everything, and takes nothing from the world's chance.
pub fn reader() -> Caller {
    Caller::inside(Principal::anonymous(), RequestId::parse("simulation").expect("the text is plain ASCII"))
}

/// What a read of the present finds, which waits for nothing.
pub fn at_once<T>(read: impl Future<Output = T>) -> T {
    read.now_or_never().expect("what is read of the present is in memory")
}
