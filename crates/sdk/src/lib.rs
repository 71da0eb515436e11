//! The Slipway client: typed calls to the three services, a picture of the registry that is always at hand, a router
//! that decides in nanoseconds, and a reporter that loses and doubles nothing.
//!
//! What must never be here: a decision of a service, or a service's own crates.
//!
//! Start reading at [`Endpoint`] and [`Registry`]; `examples/` holds whole programs.
//!
//! Names are typed wherever a call is about one resource; messages are those of the wire, re-exported as [`pb`].

mod authorize;
mod cache;
mod call;
mod connector;
mod context;
mod endpoint;
mod error;
mod evidence;
mod findings;
mod follow;
mod health;
mod launcher;
mod ledger;
mod lookout;
mod obstacle;
mod operations;
mod read;
mod registry;
mod reporter;
mod retry;
mod router;
mod token;
mod traffic;

pub use cache::{Cache, CacheSettings, Freshness, Picture};
pub use context::with_request_id;
pub use endpoint::Endpoint;
pub use error::{Error, Precondition, Violation};
pub use evidence::{evidence, parse_evidence};
pub use findings::on_findings;
pub use follow::Follow;
pub use health::Health;
pub use launcher::Launcher;
pub use ledger::LedgerExport;
pub use lookout::{Lookout, LookoutSettings};
pub use obstacle::Obstacle;
pub use operations::{Backup, Operations};
pub use registry::Registry;
pub use reporter::{
    Columns, Dropped, Observation, PairedColumns, PairedObservation, Reporter, ReporterSettings, ReporterStats,
};
pub use retry::RetryPolicy;
pub use router::{ModelRouter, Routed, Router};
pub use slipway_domain::as_of::AsOf;
pub use slipway_domain::name;
pub use slipway_domain::traffic::Traffic;
pub use slipway_tls::ClientFiles;
pub use tonic::Code;
pub use traffic::parse_traffic;

/// The messages of all services.
pub mod pb {
    pub use slipway_proto::FILE_DESCRIPTOR_SET;
    pub use slipway_proto::health::v1::*;
    pub use slipway_proto::launcher::v1::*;
    pub use slipway_proto::operations::v1::*;
    pub use slipway_proto::registry::v1::*;
    pub use slipway_proto::r#type::v1::*;
}
