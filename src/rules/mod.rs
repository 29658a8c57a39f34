//! Every rule; written by a test from the files of this folder.

pub mod access_method_rewrite;
pub mod add_check_scan;
pub mod add_foreign_key_scan;
pub mod add_primary_key_blocking;
pub mod add_unique_blocking;
pub mod attach_partition_scan;
pub mod backfill_with_ddl;
pub mod cluster;
pub mod concurrent_index_may_be_invalid;
pub mod create_index_blocking;
pub mod create_trigger_lock;
pub mod default_partition_scan;
pub mod detach_partition_blocking;
pub mod domain_check_scan;
pub mod drop_index_blocking;
pub mod drop_table_locks_parents;
pub mod exclusion_blocking;
pub mod foreign_key_locks_both;
pub mod generated_column_rewrite;
pub mod index_on_partitioned;
pub mod index_rebuilt_by_type_change;
pub mod lock_table;
pub mod logged_rewrite;
pub mod missing_lock_timeout;
pub mod missing_statement_timeout;
pub mod refresh_blocking;
pub mod reindex_blocking;
pub mod rewrites_or_scans_under_lock;
pub mod serial_column_rewrite;
pub mod set_not_null_scan;
pub mod several_foreign_keys;
pub mod split_alters;
pub mod tablespace_rewrite;
pub mod toggle_trigger;
pub mod type_change_rewrite;
pub mod unbatched_backfill;
pub mod vacuum_full;
pub mod validate_in_same_transaction;
pub mod volatile_default_rewrite;
pub mod wide_lock_window;
pub mod work_under_exclusive_lock;

use crate::rule::Rule;

pub static ALL: &[&Rule] = &[
    &access_method_rewrite::RULE,
    &add_check_scan::RULE,
    &add_foreign_key_scan::RULE,
    &add_primary_key_blocking::RULE,
    &add_unique_blocking::RULE,
    &attach_partition_scan::RULE,
    &backfill_with_ddl::RULE,
    &cluster::RULE,
    &concurrent_index_may_be_invalid::RULE,
    &create_index_blocking::RULE,
    &create_trigger_lock::RULE,
    &default_partition_scan::RULE,
    &detach_partition_blocking::RULE,
    &domain_check_scan::RULE,
    &drop_index_blocking::RULE,
    &drop_table_locks_parents::RULE,
    &exclusion_blocking::RULE,
    &foreign_key_locks_both::RULE,
    &generated_column_rewrite::RULE,
    &index_on_partitioned::RULE,
    &index_rebuilt_by_type_change::RULE,
    &lock_table::RULE,
    &logged_rewrite::RULE,
    &missing_lock_timeout::RULE,
    &missing_statement_timeout::RULE,
    &refresh_blocking::RULE,
    &reindex_blocking::RULE,
    &rewrites_or_scans_under_lock::RULE,
    &serial_column_rewrite::RULE,
    &set_not_null_scan::RULE,
    &several_foreign_keys::RULE,
    &split_alters::RULE,
    &tablespace_rewrite::RULE,
    &toggle_trigger::RULE,
    &type_change_rewrite::RULE,
    &unbatched_backfill::RULE,
    &vacuum_full::RULE,
    &validate_in_same_transaction::RULE,
    &volatile_default_rewrite::RULE,
    &wide_lock_window::RULE,
    &work_under_exclusive_lock::RULE,
];
