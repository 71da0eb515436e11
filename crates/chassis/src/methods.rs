//! Which methods a server has and of which kind they are, read from its descriptor set.

use std::collections::HashMap;

use prost::Message;
use prost_types::FileDescriptorSet;
use slipway_domain::access::method::{self, Rule};

/// What the layers need to know of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Method {
    /// The full name of the service, `slipway.registry.v1.Registry`.
    pub service: String,
    /// The name of the method, `GetModel`.
    pub name: String,
    /// How a call of it behaves.
    pub shape: Shape,
    /// What it asks of its caller.
    pub rule: Rule,
}

/// How a call of a method behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One message each way: short, so that it has a deadline even when the caller names none.
    Unary,
    /// A stream in at least one direction: it may live for days.
    Stream,
    /// A question about the health of the service: answered even when nothing else is.
    Probe,
}

/// All methods of a server. The last one stands for every method that it does not have.
#[derive(Debug)]
pub(crate) struct Methods {
    all: Vec<Method>,
    by_path: HashMap<String, usize>,
}

impl Methods {
    /// The methods of the services in these encoded descriptor sets.
    ///
    /// # Errors
    /// When one of the sets is no descriptor set.
    pub(crate) fn read(sets: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let mut all = Vec::new();
        for set in sets {
            for file in FileDescriptorSet::decode(*set)?.file {
                for service in &file.service {
                    let service_name = format!("{}.{}", file.package(), service.name());
                    all.extend(service.method.iter().map(|method| Method {
                        service: service_name.clone(),
                        name: method.name().to_owned(),
                        shape: shape(&service_name, method),
                        rule: method::rule(&service_name, method.name()),
                    }));
                }
            }
        }
        let paths = all.iter().enumerate();
        let by_path = paths.map(|(index, method)| (format!("/{}/{}", method.service, method.name), index)).collect();
        let name = || "unknown".to_owned();
        // Open, so that a caller learns that there is no such method.
        all.push(Method { service: name(), name: name(), shape: Shape::Unary, rule: Rule::Open });
        Ok(Self { all, by_path })
    }

    /// The number, in [`Methods::all`], of the method that is called at `path`.
    pub(crate) fn at(&self, path: &str) -> usize {
        self.by_path.get(path).copied().unwrap_or(self.all.len() - 1)
    }

    /// The methods by their numbers.
    pub(crate) fn all(&self) -> &[Method] {
        &self.all
    }
}

fn shape(service: &str, method: &prost_types::MethodDescriptorProto) -> Shape {
    if method.client_streaming() || method.server_streaming() {
        Shape::Stream
    } else if service == "grpc.health.v1.Health" {
        Shape::Probe
    } else {
        Shape::Unary
    }
}
