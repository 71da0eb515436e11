//! The services that every server has beside its own: health by service, and reflection in both of its versions, with
//! the details of errors.

use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_reflection::server::Builder;

use super::Error;
use crate::readiness::Readiness;

const HEALTH: &str = "grpc.health.v1.Health";
const REFLECTION: &str = "grpc.reflection.v1.ServerReflection";
const REFLECTION_ALPHA: &str = "grpc.reflection.v1alpha.ServerReflection";

/// `routes` and the standard services, and who tells the health service about `services`.
pub(super) fn add(
    routes: Routes,
    services: &[&'static str],
    descriptors: &'static [u8],
) -> Result<(Routes, HealthReporter), Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let routes = routes
        .add_service(health)
        .add_service(reflection(services, descriptors).build_v1()?)
        .add_service(reflection(services, descriptors).build_v1alpha()?);
    Ok((routes, reporter))
}

/// The encoded descriptor sets of a server: its own and those of the standard services.
pub(super) fn descriptor_sets(own: &'static [u8]) -> [&'static [u8]; 5] {
    [
        own,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        tonic_types::pb::FILE_DESCRIPTOR_SET,
    ]
}

fn reflection<'a>(services: &[&'static str], descriptors: &'static [u8]) -> Builder<'a> {
    let sets = descriptor_sets(descriptors).into_iter();
    let builder = sets.fold(Builder::configure(), Builder::register_encoded_file_descriptor_set);
    let names = services.iter().chain(&[HEALTH, REFLECTION, REFLECTION_ALPHA]);
    names.fold(builder.include_reflection_service(false), |builder, name| builder.with_service_name(*name))
}

/// Tells the health service whether `services`, and the server as a whole, can do their work, for as long as it is
/// polled.
pub(super) async fn report(health: HealthReporter, services: &'static [&'static str], readiness: Readiness) {
    let mut report = readiness.report();
    loop {
        let serving = if report.is_ready() { ServingStatus::Serving } else { ServingStatus::NotServing };
        for service in services.iter().chain(&[""]) {
            health.set_service_status(service, serving).await;
        }
        report = readiness.turned_from(report).await;
    }
}
