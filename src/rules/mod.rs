//! Every rule; written by a test from the files of this folder.

pub mod access_method_rewrite;
pub mod add_check;
pub mod add_check_scan;
pub mod add_column_not_null;
pub mod add_enum_value;
pub mod add_exclusion;
pub mod add_foreign_key;
pub mod add_foreign_key_scan;
pub mod add_primary_key;
pub mod add_primary_key_blocking;
pub mod add_unique;
pub mod add_unique_blocking;
pub mod all_pending_in_one_transaction;
pub mod ambiguous_overload;
pub mod attach_partition_scan;
pub mod backfill_with_ddl;
pub mod change_column_type;
pub mod change_default;
pub mod change_owner;
pub mod char_type;
pub mod cluster;
pub mod concurrent_index_may_be_invalid;
pub mod contract_unapproved;
pub mod contract_without_checkpoint;
pub mod copy_loses_writes;
pub mod create_index_blocking;
pub mod create_trigger_lock;
pub mod data_change_without_undo;
pub mod default_dropped_again;
pub mod default_partition_scan;
pub mod delete_without_where;
pub mod dependent_object_breaks;
pub mod detach_partition_blocking;
pub mod diesel_metadata_trap;
pub mod domain_check_scan;
pub mod down_blocks;
pub mod down_loses_data;
pub mod down_not_inverse;
pub mod down_touches_other;
pub mod down_wrong_order;
pub mod drop_and_add_column;
pub mod drop_cascade;
pub mod drop_column;
pub mod drop_constraint;
pub mod drop_database;
pub mod drop_default;
pub mod drop_index;
pub mod drop_index_blocking;
pub mod drop_not_null;
pub mod drop_primary_key;
pub mod drop_routine;
pub mod drop_schema;
pub mod drop_sequence;
pub mod drop_table;
pub mod drop_table_locks_parents;
pub mod drop_trigger;
pub mod drop_type;
pub mod drop_view;
pub mod duplicate_version;
pub mod earlier_down_broken;
pub mod earlier_state_unknown;
pub mod empty_down;
pub mod enable_row_security;
pub mod enum_value_used_early;
pub mod exclusion_blocking;
pub mod foreign_key_locks_both;
pub mod foreign_key_without_index;
pub mod generated_column_rewrite;
pub mod identity_always;
pub mod identity_or_grant_lost;
pub mod index_on_partitioned;
pub mod index_rebuilt_by_type_change;
pub mod irreversible;
pub mod irreversible_unapproved;
pub mod json_column;
pub mod json_instead_of_jsonb;
pub mod lock_table;
pub mod logged_rewrite;
pub mod lossy_type_change;
pub mod missing_down;
pub mod missing_lock_timeout;
pub mod missing_primary_key;
pub mod missing_statement_timeout;
pub mod misspelt_opt_out;
pub mod mixed_phases;
pub mod mixed_transactionality;
pub mod money_type;
pub mod narrow_policy;
pub mod nontransactional_in_transaction;
pub mod not_rerunnable;
pub mod opaque_sql;
pub mod pending_trigger_events;
pub mod phase_mismatch;
pub mod refinery_u_prefix;
pub mod refresh_blocking;
pub mod reindex_blocking;
pub mod rename_column;
pub mod rename_enum_value;
pub mod rename_object;
pub mod rename_schema;
pub mod rename_table;
pub mod replace_view_shape;
pub mod replaced_definition_lost;
pub mod revoke_privilege;
pub mod rewrites_or_scans_under_lock;
pub mod schema_conflict;
pub mod serial_column_rewrite;
pub mod serial_instead_of_identity;
pub mod set_not_null;
pub mod set_not_null_scan;
pub mod set_null_of_not_null;
pub mod several_foreign_keys;
pub mod short_integer_key;
pub mod split_alters;
pub mod tablespace_rewrite;
pub mod timestamp_without_zone;
pub mod toggle_trigger;
pub mod transaction_control;
pub mod trigger_refuses_writes;
pub mod truncate;
pub mod type_change_rewrite;
pub mod unbatched_backfill;
pub mod undo_fails_on_check;
pub mod undo_fails_on_duplicate;
pub mod undo_fails_on_enum_value;
pub mod undo_fails_on_longer_value;
pub mod undo_fails_on_null;
pub mod undo_fails_on_orphan;
pub mod undo_fails_on_range;
pub mod undo_without_up;
pub mod unexplained_suppression;
pub mod unknown_directive;
pub mod unknown_object;
pub mod unnamed_constraint;
pub mod unparsed_statement;
pub mod unused_suppression;
pub mod update_without_where;
pub mod vacuum_full;
pub mod validate_in_same_transaction;
pub mod varchar_limit;
pub mod volatile_default_rewrite;
pub mod wide_lock_window;
pub mod work_under_exclusive_lock;

use crate::rule::Rule;

pub static ALL: &[&Rule] = &[
    &access_method_rewrite::RULE,
    &add_check::RULE,
    &add_check_scan::RULE,
    &add_column_not_null::RULE,
    &add_enum_value::RULE,
    &add_exclusion::RULE,
    &add_foreign_key::RULE,
    &add_foreign_key_scan::RULE,
    &add_primary_key::RULE,
    &add_primary_key_blocking::RULE,
    &add_unique::RULE,
    &add_unique_blocking::RULE,
    &all_pending_in_one_transaction::RULE,
    &ambiguous_overload::RULE,
    &attach_partition_scan::RULE,
    &backfill_with_ddl::RULE,
    &change_column_type::RULE,
    &change_default::RULE,
    &change_owner::RULE,
    &char_type::RULE,
    &cluster::RULE,
    &concurrent_index_may_be_invalid::RULE,
    &contract_unapproved::RULE,
    &contract_without_checkpoint::RULE,
    &copy_loses_writes::RULE,
    &create_index_blocking::RULE,
    &create_trigger_lock::RULE,
    &data_change_without_undo::RULE,
    &default_dropped_again::RULE,
    &default_partition_scan::RULE,
    &delete_without_where::RULE,
    &dependent_object_breaks::RULE,
    &detach_partition_blocking::RULE,
    &diesel_metadata_trap::RULE,
    &domain_check_scan::RULE,
    &down_blocks::RULE,
    &down_loses_data::RULE,
    &down_not_inverse::RULE,
    &down_touches_other::RULE,
    &down_wrong_order::RULE,
    &drop_and_add_column::RULE,
    &drop_cascade::RULE,
    &drop_column::RULE,
    &drop_constraint::RULE,
    &drop_database::RULE,
    &drop_default::RULE,
    &drop_index::RULE,
    &drop_index_blocking::RULE,
    &drop_not_null::RULE,
    &drop_primary_key::RULE,
    &drop_routine::RULE,
    &drop_schema::RULE,
    &drop_sequence::RULE,
    &drop_table::RULE,
    &drop_table_locks_parents::RULE,
    &drop_trigger::RULE,
    &drop_type::RULE,
    &drop_view::RULE,
    &duplicate_version::RULE,
    &earlier_down_broken::RULE,
    &earlier_state_unknown::RULE,
    &empty_down::RULE,
    &enable_row_security::RULE,
    &enum_value_used_early::RULE,
    &exclusion_blocking::RULE,
    &foreign_key_locks_both::RULE,
    &foreign_key_without_index::RULE,
    &generated_column_rewrite::RULE,
    &identity_always::RULE,
    &identity_or_grant_lost::RULE,
    &index_on_partitioned::RULE,
    &index_rebuilt_by_type_change::RULE,
    &irreversible::RULE,
    &irreversible_unapproved::RULE,
    &json_column::RULE,
    &json_instead_of_jsonb::RULE,
    &lock_table::RULE,
    &logged_rewrite::RULE,
    &lossy_type_change::RULE,
    &missing_down::RULE,
    &missing_lock_timeout::RULE,
    &missing_primary_key::RULE,
    &missing_statement_timeout::RULE,
    &misspelt_opt_out::RULE,
    &mixed_phases::RULE,
    &mixed_transactionality::RULE,
    &money_type::RULE,
    &narrow_policy::RULE,
    &nontransactional_in_transaction::RULE,
    &not_rerunnable::RULE,
    &opaque_sql::RULE,
    &pending_trigger_events::RULE,
    &phase_mismatch::RULE,
    &refinery_u_prefix::RULE,
    &refresh_blocking::RULE,
    &reindex_blocking::RULE,
    &rename_column::RULE,
    &rename_enum_value::RULE,
    &rename_object::RULE,
    &rename_schema::RULE,
    &rename_table::RULE,
    &replace_view_shape::RULE,
    &replaced_definition_lost::RULE,
    &revoke_privilege::RULE,
    &rewrites_or_scans_under_lock::RULE,
    &schema_conflict::RULE,
    &serial_column_rewrite::RULE,
    &serial_instead_of_identity::RULE,
    &set_not_null::RULE,
    &set_not_null_scan::RULE,
    &set_null_of_not_null::RULE,
    &several_foreign_keys::RULE,
    &short_integer_key::RULE,
    &split_alters::RULE,
    &tablespace_rewrite::RULE,
    &timestamp_without_zone::RULE,
    &toggle_trigger::RULE,
    &transaction_control::RULE,
    &trigger_refuses_writes::RULE,
    &truncate::RULE,
    &type_change_rewrite::RULE,
    &unbatched_backfill::RULE,
    &undo_fails_on_check::RULE,
    &undo_fails_on_duplicate::RULE,
    &undo_fails_on_enum_value::RULE,
    &undo_fails_on_longer_value::RULE,
    &undo_fails_on_null::RULE,
    &undo_fails_on_orphan::RULE,
    &undo_fails_on_range::RULE,
    &undo_without_up::RULE,
    &unexplained_suppression::RULE,
    &unknown_directive::RULE,
    &unknown_object::RULE,
    &unnamed_constraint::RULE,
    &unparsed_statement::RULE,
    &unused_suppression::RULE,
    &update_without_where::RULE,
    &vacuum_full::RULE,
    &validate_in_same_transaction::RULE,
    &varchar_limit::RULE,
    &volatile_default_rewrite::RULE,
    &wide_lock_window::RULE,
    &work_under_exclusive_lock::RULE,
];
