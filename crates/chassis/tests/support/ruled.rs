//! The tiny service, with another beside it that the rules of methods know.

use std::convert::Infallible;
use std::task::{Context, Poll};

use http::{Request, Response};
use slipway_chassis::server::Served;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;

use super::echo::{self, Echo};

/// Its `Watch`, which viewers may call, is `Tick`.
pub const NAME: &str = "slipway.registry.v1.Registry";

/// Both of them.
pub fn served(echo: Echo) -> Served {
    let descriptors = echo::descriptors(&[(echo::NAME, echo::METHODS), (NAME, &[("Watch", (false, true))])]);
    let routes = Routes::new(echo.clone()).add_service(Ruled(echo));
    Served { routes, services: &[echo::NAME, NAME], descriptors }
}

/// The service under its other name.
#[derive(Clone)]
struct Ruled(Echo);

impl NamedService for Ruled {
    const NAME: &'static str = NAME;
}

impl tower::Service<Request<Body>> for Ruled {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = <Echo as tower::Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}
