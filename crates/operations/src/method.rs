//! The methods of the API by the names that people write.

use std::sync::LazyLock;

use prost::Message as _;
use prost_types::FileDescriptorSet;

/// The service and the name of each method of the API.
static METHODS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let set = FileDescriptorSet::decode(slipway_proto::FILE_DESCRIPTOR_SET).unwrap_or_default();
    let services = set.file.iter().flat_map(|file| file.service.iter().map(move |service| (file.package(), service)));
    let methods = services.flat_map(|(package, service)| {
        let full = format!("{package}.{}", service.name());
        service.method.iter().map(move |method| (full.clone(), method.name().to_owned()))
    });
    methods.collect()
});

/// The method that `text` names: in full, as `slipway.registry.v1.Registry/SetTraffic`, or by its own name alone.
pub(crate) fn find(text: &str) -> Option<(&'static str, &'static str)> {
    let text = text.trim_start_matches('/');
    let named = |(service, name): &&(String, String)| match text.split_once('/') {
        Some((of, method)) => service == of && name == method,
        None => name == text,
    };
    METHODS.iter().find(named).map(|(service, name)| (service.as_str(), name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_found_by_its_full_name_and_by_its_own() {
        let set_traffic = Some(("slipway.registry.v1.Registry", "SetTraffic"));
        for text in
            ["SetTraffic", "slipway.registry.v1.Registry/SetTraffic", "/slipway.registry.v1.Registry/SetTraffic"]
        {
            assert_eq!(find(text), set_traffic, "{text}");
        }
        for text in ["", "setTraffic", "slipway.health.v1.Health/SetTraffic", "Registry/SetTraffic"] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn no_two_methods_have_one_name() {
        let mut names: Vec<&str> = METHODS.iter().map(|(_, name)| name.as_str()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "a name alone must say which method is meant");
    }
}
