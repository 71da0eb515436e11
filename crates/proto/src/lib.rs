//! The messages, clients and servers of the Slipway API, generated from `proto/` when the crate is built.
//!
//! What must never be here: logic. Every sentence about a field stands in the `.proto` files.

#![allow(missing_docs, clippy::all, reason = "generated code carries the comments of the .proto files as they are")]

/// Every file of the API with its comments, as an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/slipway.bin"));

/// Values that more than one service speaks of.
pub mod r#type {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("slipway.r#type.v1");
    }
}

/// The registry.
pub mod registry {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("slipway.registry.v1");
    }
}

/// The health monitor.
pub mod health {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("slipway.health.v1");
    }
}

/// The launcher.
pub mod launcher {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("slipway.launcher.v1");
    }
}

/// What whoever runs a service asks of it.
pub mod operations {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("slipway.operations.v1");
    }
}
