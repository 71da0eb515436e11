//! The nine laws of the store, each case against every engine: one line an engine at the end.

mod durability;
mod errors;
mod ranges;
mod reads;
mod subject;
mod transactions;
mod watches;

/// Runs every case against one engine, each as a test of its own.
macro_rules! cases {
    ($engine:expr; $($module:ident: $($case:ident),+ $(,)?;)+) => {
        $(mod $module {
            use crate::subject::Engine;
            $(#[tokio::test]
            async fn $case() {
                let engine: Engine = $engine;
                crate::$module::$case(engine.open().await).await;
            })+
        })+
    };
}

macro_rules! laws {
    ($name:ident, $engine:expr) => {
        mod $name {
            cases! { $engine;
                reads:
                    a_new_store_is_empty_at_revision_0,
                    a_read_sees_what_was_acknowledged_before_it,
                    a_read_of_an_absent_key_still_says_its_revision,
                    a_get_and_a_range_agree,
                    readers_never_go_back_in_time;
                transactions:
                    each_commit_raises_the_revision_by_one,
                    a_failed_compare_raises_and_writes_nothing,
                    a_transaction_that_changes_nothing_raises_nothing,
                    all_that_a_transaction_writes_carries_one_revision,
                    readers_see_all_of_a_transaction_or_nothing,
                    a_compare_with_0_holds_only_for_an_absent_key,
                    a_compare_is_on_the_last_modification,
                    a_compare_holds_again_after_a_delete,
                    a_conflict_names_the_first_key_that_failed,
                    of_two_writes_of_a_key_the_last_counts,
                    of_many_who_create_one_key_exactly_one_wins,
                    concurrent_increments_are_all_counted;
                ranges:
                    a_range_is_half_open_and_in_the_order_of_bytes,
                    an_empty_range_has_no_entries,
                    a_prefix_of_highest_bytes_reaches_to_the_end,
                    a_limit_says_whether_there_is_more,
                    pages_lead_through_all_entries,
                    a_range_is_of_one_revision_while_others_write;
                watches:
                    a_watch_gives_every_change_once_and_in_order,
                    what_a_watch_has_read_already_is_given_without_waiting,
                    a_watch_gives_a_transaction_whole,
                    a_watch_gives_only_what_is_in_its_range,
                    a_watch_replays_from_a_past_revision,
                    a_watch_replays_every_revision_that_is_kept,
                    a_watch_from_a_compacted_revision_says_the_oldest,
                    a_watch_that_fell_behind_says_compacted,
                    a_watch_after_a_revision_to_come_is_refused,
                    a_listing_and_a_watch_after_it_miss_nothing,
                    a_watch_waits_for_what_comes,
                    a_dropped_wait_loses_nothing,
                    short_waits_get_on_as_well_as_long_ones,
                    a_slow_watch_misses_nothing_and_stops_nobody,
                    what_a_watch_gave_can_be_read,
                    progress_passes_over_what_does_not_match,
                    many_watches_see_the_same,
                    a_delete_of_an_absent_key_is_not_seen,
                    a_dropped_watch_stops_nobody;
                errors:
                    an_empty_key_is_refused_and_nothing_is_applied,
                    a_key_that_is_too_long_is_refused_and_nothing_is_applied,
                    a_transaction_that_is_too_large_is_refused_and_nothing_is_applied,
                    the_largest_transaction_is_taken;
                durability:
                    what_was_acknowledged_is_there_after_reopening,
                    history_is_there_after_reopening,
                    what_was_deleted_stays_deleted_after_reopening,
                    compacted_entries_are_there_after_reopening,
            ;}
        }
    };
}

laws!(memory, Engine::Memory);
laws!(embedded, Engine::Embedded);
laws!(faults_that_never_happen, Engine::Faults);
