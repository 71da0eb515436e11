//! A tiny service of three methods, written by hand, with which the chassis is tried.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use http::{Request, Response};
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};
use slipway_chassis::caller;
use slipway_chassis::server::Served;
use slipway_domain::fault::{Fault, Kind};
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService, StreamingService, UnaryService};
use tonic::service::Routes;
use tonic::{Code, Status, Streaming};
use tonic_prost::ProstCodec;

pub const NAME: &str = "test.v1.Echo";

/// The name of a method, and whether its caller and the service stream.
pub type Described = (&'static str, (bool, bool));

pub const METHODS: &[Described] = &[("Say", (false, false)), ("Tick", (false, true)), ("Chat", (true, true))];

/// The service. `Say` obeys its message, `Tick` sends one message and then nothing for ever, `Chat` sends back what it
/// hears.
#[derive(Clone, Default)]
pub struct Echo {
    /// Told when a call of `Say` that waits is given up.
    pub given_up: Arc<Notify>,
    /// Told when a call of `Say` has begun to wait.
    pub waiting: Arc<Notify>,
    /// Tells the calls of `Say` that linger until then.
    pub told: Arc<Notify>,
}

impl Echo {
    pub fn served(self) -> Served {
        Served { routes: Routes::new(self), services: &[NAME], descriptors: descriptors(&[(NAME, METHODS)]) }
    }
}

struct OnDrop(Arc<Notify>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[derive(Debug)]
struct Full;

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the shelf is full")
    }
}

impl std::error::Error for Full {}

impl Fault for Full {
    fn kind(&self) -> Kind {
        Kind::FailedPrecondition
    }
    fn reason(&self) -> &'static str {
        "SHELF_FULL"
    }
}

type Answer<T> = Pin<Box<dyn Future<Output = Result<tonic::Response<T>, Status>> + Send>>;

struct Say(Echo);

impl UnaryService<String> for Say {
    type Response = String;
    type Future = Answer<String>;

    fn call(&mut self, request: tonic::Request<String>) -> Self::Future {
        let echo = self.0.clone();
        Box::pin(async move {
            let caller = caller(&request);
            match request.get_ref().as_str() {
                "panic" => panic!("out of paint"),
                "wait" => {
                    let _guard = OnDrop(echo.given_up.clone());
                    echo.waiting.notify_one();
                    std::future::pending().await
                }
                "linger" => {
                    echo.waiting.notify_one();
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    Ok(tonic::Response::new("lingered".to_owned()))
                }
                "linger until told" => {
                    let told = echo.told.notified();
                    echo.waiting.notify_one();
                    told.await;
                    Ok(tonic::Response::new("told".to_owned()))
                }
                "hog" => {
                    std::thread::sleep(Duration::from_millis(700));
                    Ok(tonic::Response::new("done".to_owned()))
                }
                "caller" => {
                    let left = caller.deadline.map(|deadline| deadline - std::time::Instant::now());
                    Ok(tonic::Response::new(format!("{} {} {left:?}", caller.principal, caller.request_id)))
                }
                "fault" => Err(caller.status(&Full)),
                other => Ok(tonic::Response::new(other.to_owned())),
            }
        })
    }
}

type Outgoing = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

struct Tick;

impl ServerStreamingService<String> for Tick {
    type Response = String;
    type ResponseStream = Outgoing;
    type Future = Answer<Outgoing>;

    fn call(&mut self, request: tonic::Request<String>) -> Self::Future {
        let text = request.into_inner();
        Box::pin(async move {
            let first = stream::iter([Ok("tick".to_owned())]);
            let rest =
                stream::poll_fn(move |_| if text == "panic" { panic!("the spring broke") } else { Poll::Pending });
            Ok(tonic::Response::new(Box::pin(first.chain(rest)) as Outgoing))
        })
    }
}

struct Chat;

impl StreamingService<String> for Chat {
    type Response = String;
    type ResponseStream = Outgoing;
    type Future = Answer<Outgoing>;

    fn call(&mut self, request: tonic::Request<Streaming<String>>) -> Self::Future {
        Box::pin(async move { Ok(tonic::Response::new(Box::pin(request.into_inner()) as Outgoing)) })
    }
}

impl NamedService for Echo {
    const NAME: &'static str = NAME;
}

impl tower::Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default()).max_decoding_message_size(1 << 20);
            Ok(match request.uri().path() {
                "/test.v1.Echo/Say" => grpc.unary(Say(echo), request).await,
                "/test.v1.Echo/Tick" | "/slipway.registry.v1.Registry/Watch" => {
                    grpc.server_streaming(Tick, request).await
                }
                "/test.v1.Echo/Chat" => grpc.streaming(Chat, request).await,
                _ => Status::new(Code::Unimplemented, "").into_http(),
            })
        })
    }
}

/// The descriptor set of services, by their full names.
pub fn descriptors(services: &[(&str, &[Described])]) -> &'static [u8] {
    let method = |(name, (client, server)): &Described| MethodDescriptorProto {
        name: Some((*name).to_owned()),
        input_type: Some(".google.protobuf.StringValue".to_owned()),
        output_type: Some(".google.protobuf.StringValue".to_owned()),
        client_streaming: Some(*client),
        server_streaming: Some(*server),
        ..MethodDescriptorProto::default()
    };
    let file = |(full_name, methods): &(&str, &[Described])| {
        let (package, name) = full_name.rsplit_once('.').unwrap();
        let service = ServiceDescriptorProto {
            name: Some(name.to_owned()),
            method: methods.iter().map(method).collect(),
            ..ServiceDescriptorProto::default()
        };
        FileDescriptorProto {
            name: Some(format!("{full_name}.proto")),
            package: Some(package.to_owned()),
            dependency: vec!["google/protobuf/wrappers.proto".to_owned()],
            service: vec![service],
            syntax: Some("proto3".to_owned()),
            ..FileDescriptorProto::default()
        }
    };
    FileDescriptorSet { file: services.iter().map(file).collect() }.encode_to_vec().leak()
}
