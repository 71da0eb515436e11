//! The way of every call through a handler: caller, convert, call, convert.

use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use slipway_domain::fault::Fault;
use tonic::{Request, Response, Status};

use crate::{Caller, caller};

/// What a handler answers.
pub type Answer<T> = Result<Response<T>, Status>;

/// The messages of a streaming answer.
pub type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Answers `request` with what `work` makes of its caller and its message, or with the status that tells the caller
/// what is wrong.
///
/// # Errors
/// The status.
pub async fn handle<M, T, E, F>(request: Request<M>, work: impl FnOnce(Caller, M) -> F) -> Answer<T>
where
    E: Fault,
    F: Future<Output = Result<T, E>>,
{
    let caller = caller(&request);
    let result = work(caller.clone(), request.into_inner()).await;
    let mut response = result.map(Response::new).map_err(|error| caller.status(&error))?;
    if let Some(trailers) = caller.aside.trailers() {
        response.extensions_mut().insert(trailers);
    }
    Ok(response)
}

/// The messages of a streaming answer to `caller`, who is told what is wrong when they break off.
pub fn messages<T: 'static, E: Fault + 'static>(
    caller: Caller,
    messages: impl Stream<Item = Result<T, E>> + Send + 'static,
) -> Messages<T> {
    Box::pin(messages.map(move |message| message.map_err(|error| caller.status(&error))))
}
