//! What fleets see running.

use super::Registry;
use crate::call::unary;
use crate::error::Error;
use crate::pb;

impl Registry {
    /// Tells what runs, at most 1,000 sightings at once. [`Lookout`](crate::Lookout) does so again and again.
    pub async fn report_sightings(
        &self,
        request: pb::ReportSightingsRequest,
    ) -> Result<pb::ReportSightingsResponse, Error> {
        unary!(self.report_sightings(request)).await
    }

    /// Lists one page of what runs, and of what is registered and does not.
    pub async fn list_sightings(&self, request: pb::ListSightingsRequest) -> Result<pb::ListSightingsResponse, Error> {
        unary!(self.list_sightings(request)).await
    }
}
