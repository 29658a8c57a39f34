//! Every rule; written by a test from the files of this folder.

pub mod access_method_rewrite;
pub mod add_check_scan;
pub mod add_foreign_key_scan;
pub mod add_primary_key_blocking;
pub mod add_unique_blocking;
pub mod all_pending_in_one_transaction;
pub mod attach_partition_scan;
pub mod backfill_with_ddl;
pub mod cluster;
pub mod concurrent_index_may_be_invalid;
pub mod create_index_blocking;
pub mod create_trigger_lock;
pub mod default_partition_scan;
pub mod detach_partition_blocking;
pub mod diesel_metadata_trap;
pub mod domain_check_scan;
pub mod down_not_inverse;
pub mod drop_index_blocking;
pub mod drop_table_locks_parents;
pub mod enum_value_used_early;
pub mod exclusion_blocking;
pub mod foreign_key_locks_both;
pub mod generated_column_rewrite;
pub mod index_on_partitioned;
pub mod index_rebuilt_by_type_change;
pub mod lock_table;
pub mod logged_rewrite;
pub mod missing_lock_timeout;
pub mod missing_statement_timeout;
pub mod misspelt_opt_out;
pub mod mixed_transactionality;
pub mod nontransactional_in_transaction;
pub mod not_rerunnable;
pub mod opaque_sql;
pub mod refresh_blocking;
pub mod reindex_blocking;
pub mod rewrites_or_scans_under_lock;
pub mod schema_conflict;
pub mod serial_column_rewrite;
pub mod set_not_null_scan;
pub mod several_foreign_keys;
pub mod split_alters;
pub mod tablespace_rewrite;
pub mod toggle_trigger;
pub mod transaction_control;
pub mod type_change_rewrite;
pub mod unbatched_backfill;
pub mod unexplained_suppression;
pub mod unknown_directive;
pub mod unknown_object;
pub mod unparsed_statement;
pub mod unused_suppression;
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
    &all_pending_in_one_transaction::RULE,
    &attach_partition_scan::RULE,
    &backfill_with_ddl::RULE,
    &cluster::RULE,
    &concurrent_index_may_be_invalid::RULE,
    &create_index_blocking::RULE,
    &create_trigger_lock::RULE,
    &default_partition_scan::RULE,
    &detach_partition_blocking::RULE,
    &diesel_metadata_trap::RULE,
    &domain_check_scan::RULE,
    &down_not_inverse::RULE,
    &drop_index_blocking::RULE,
    &drop_table_locks_parents::RULE,
    &enum_value_used_early::RULE,
    &exclusion_blocking::RULE,
    &foreign_key_locks_both::RULE,
    &generated_column_rewrite::RULE,
    &index_on_partitioned::RULE,
    &index_rebuilt_by_type_change::RULE,
    &lock_table::RULE,
    &logged_rewrite::RULE,
    &missing_lock_timeout::RULE,
    &missing_statement_timeout::RULE,
    &misspelt_opt_out::RULE,
    &mixed_transactionality::RULE,
    &nontransactional_in_transaction::RULE,
    &not_rerunnable::RULE,
    &opaque_sql::RULE,
    &refresh_blocking::RULE,
    &reindex_blocking::RULE,
    &rewrites_or_scans_under_lock::RULE,
    &schema_conflict::RULE,
    &serial_column_rewrite::RULE,
    &set_not_null_scan::RULE,
    &several_foreign_keys::RULE,
    &split_alters::RULE,
    &tablespace_rewrite::RULE,
    &toggle_trigger::RULE,
    &transaction_control::RULE,
    &type_change_rewrite::RULE,
    &unbatched_backfill::RULE,
    &unexplained_suppression::RULE,
    &unknown_directive::RULE,
    &unknown_object::RULE,
    &unparsed_statement::RULE,
    &unused_suppression::RULE,
    &vacuum_full::RULE,
    &validate_in_same_transaction::RULE,
    &volatile_default_rewrite::RULE,
    &wide_lock_window::RULE,
    &work_under_exclusive_lock::RULE,
];
