//! Says with every call, unary or stream, who makes it.

use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::token::{AUTHORIZATION, Token};

/// A connection whose calls say who makes them.
pub(crate) type Wire = InterceptedService<Channel, Authorize>;

/// Adds a token to each call.
#[derive(Debug, Clone)]
pub(crate) struct Authorize(pub Option<Token>);

impl Interceptor for Authorize {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            let token = token.current().map_err(|error| Status::unauthenticated(error.to_string()))?;
            request.metadata_mut().insert(AUTHORIZATION, token);
        }
        Ok(request)
    }
}
