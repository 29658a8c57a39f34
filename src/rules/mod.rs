//! Every rule; written by a test from the files of this folder.

pub mod add_check_scan;
pub mod add_foreign_key_scan;
pub mod add_primary_key_blocking;
pub mod add_unique_blocking;
pub mod create_index_blocking;
pub mod domain_check_scan;
pub mod drop_index_blocking;
pub mod exclusion_blocking;
pub mod index_on_partitioned;
pub mod reindex_blocking;
pub mod set_not_null_scan;
pub mod validate_in_same_transaction;

use crate::rule::Rule;

pub static ALL: &[&Rule] = &[
    &add_check_scan::RULE,
    &add_foreign_key_scan::RULE,
    &add_primary_key_blocking::RULE,
    &add_unique_blocking::RULE,
    &create_index_blocking::RULE,
    &domain_check_scan::RULE,
    &drop_index_blocking::RULE,
    &exclusion_blocking::RULE,
    &index_on_partitioned::RULE,
    &reindex_blocking::RULE,
    &set_not_null_scan::RULE,
    &validate_in_same_transaction::RULE,
];
