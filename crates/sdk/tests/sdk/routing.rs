//! Routing a unit allocates nothing: counted by the allocator itself.

#![allow(unsafe_code, reason = "an allocator can only be wrapped by unsafe code")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use slipway_sdk::name::ModelName;
use slipway_sdk::{Cache, CacheSettings, Registry, pb};

use crate::fake_registry::FakeRegistry;
use crate::serving::{PATIENCE, Serving};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// The traffic of a model split 95 to 5.
fn split(model: &ModelName) -> pb::Resource {
    let range = |start, end, number| pb::BucketRange { start, end, version: model.version(number).to_string() };
    let one = pb::Traffic {
        name: model.traffic(),
        salt: "flight-delay/7f3a".to_owned(),
        ranges: vec![range(0, 95_000, 1), range(95_000, 100_000, 2)],
        ..Default::default()
    };
    pb::Resource { resource: Some(pb::resource::Resource::Traffic(one)) }
}

#[tokio::test]
async fn routing_allocates_nothing() {
    let model = ModelName::parse("namespaces/default/models/flight-delay").unwrap();
    let fake = FakeRegistry::new();
    fake.put(vec![split(&model)]);
    let serving = Serving::start(fake.routes());
    let cache = Cache::start(&Registry::new(&serving.endpoint()), CacheSettings::default());
    cache.ready(PATIENCE).await.unwrap();
    let (router, prepared) = (cache.router(), cache.router().model(&model));
    let units: Vec<String> = (0..1_000).map(|unit| format!("unit-{unit}")).collect();
    assert!(prepared.route("the first call of the thread").is_some());
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1, "the allocator counts");

    let mut numbers = [0_u32; 3];
    let made = allocations(|| {
        for unit in &units {
            let routed = prepared.route(unit).unwrap();
            assert_eq!(router.route(&model, unit).unwrap().version(), routed.version());
            numbers[usize::try_from(routed.number()).unwrap()] += 1;
        }
    });
    assert_eq!(made, 0);
    assert!(numbers[1] > 900 && numbers[2] > 10, "{numbers:?}");
}
