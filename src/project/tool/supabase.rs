//! Supabase: `supabase/migrations/<number>_name.sql` (pkg/migration/file.go).

use super::super::folder::{Folder, Tool};
use super::super::{Layout, Migration, Transaction};

pub const TOOL: Tool = Tool {
    layout: Layout::Supabase,
    claims: |folder| {
        folder.root == "supabase/migrations" || folder.root.ends_with("/supabase/migrations")
    },
    read,
    engine: super::postgres,
    opt_out: super::no_opt_out,
};

fn read(folder: &Folder) -> Vec<Migration> {
    let mut scripts = folder.numbered(|rest| rest.starts_with('_'));
    scripts.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    scripts
        .into_iter()
        .map(|(version, script)| {
            let mut migration = script.migration(version, version);
            migration.up = vec![script.whole(Transaction::Implicit)];
            migration
        })
        .collect()
}
