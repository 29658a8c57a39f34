//! Text that nobody writes by hand: as deep, as long and as broken as asked
//! for. Each case grows linearly with its number; so must the time for it.

use std::fmt::Write;

pub struct Case {
    pub name: &'static str,
    pub text: fn(usize) -> String,
}

macro_rules! cases {
    ($($name:ident: |$n:ident| $text:expr;)*) => {
        pub const CASES: &[Case] = &[$(Case {
            name: stringify!($name),
            text: |$n| $text,
        }),*];
    };
}

cases! {
    deep_check: |n| check(&deep(n));
    deep_default: |n| default(&deep(n));
    deep_view: |n| view(&deep(n));
    deep_predicate: |n| predicate(&deep(n));
    deep_element: |n| format!("CREATE INDEX i ON users (({}));", deep(n));
    deep_insert: |n| insert(&deep(n));
    deep_update: |n| update(&deep(n));
    deep_generated: |n| generated(&deep(n));
    deep_using: |n| using(&deep(n));
    deep_domain: |n| format!("CREATE DOMAIN d AS int CHECK ({});", deep(n));
    deep_policy: |n| format!("CREATE POLICY p ON users USING ({});", deep(n));
    deep_trigger: |n| format!("CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW WHEN ({}) EXECUTE FUNCTION f();", deep(n));
    deep_execute: |n| format!("DO $$ BEGIN EXECUTE {}; END $$;", deep(n));
    deep_unclosed: |n| format!("ALTER TABLE users ADD COLUMN b int DEFAULT {}", "(".repeat(n));
    many_keys_that_go: |n| (0..n).map(|at| format!("ALTER TABLE users ADD COLUMN u{0} int UNIQUE;\nALTER TABLE users DROP COLUMN u{0};\n", at % 1000)).collect();
    many_routines_made_anew: |n| (0..n).map(|at| format!("CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET a = {at}; END $$;\nSELECT f();\n")).collect();
    deep_brackets: |n| format!("ALTER TABLE users ADD COLUMN b int{};", "[".repeat(n));
    deep_type: |n| format!("ALTER TABLE users ADD COLUMN b numeric{}{};", "(".repeat(n), ")".repeat(n));
    deep_from: |n| format!("CREATE VIEW v AS {}SELECT 1{};", "SELECT * FROM (".repeat(n), ") x".repeat(n));
    deep_from_unclosed: |n| format!("CREATE VIEW v AS {}", "SELECT * FROM (".repeat(n));
    deep_calls: |n| default(&format!("{}1{}", "f(".repeat(n), ")".repeat(n)));
    deep_case: |n| view(&format!("{}1{}", "CASE WHEN true THEN ".repeat(n), " END".repeat(n)));
    deep_atomic: |n| format!(
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT {}1{}; END;",
        "CASE WHEN true THEN ".repeat(n), " END".repeat(n)
    );
    deep_atomic_unclosed: |n| format!("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT {}", "CASE ".repeat(n));
    deep_blocks: |n| format!("DO $$ {} END $$;", "BEGIN ".repeat(n));
    deep_ifs: |n| format!("DO $$ BEGIN {}NULL; {} END $$;", "IF true THEN ".repeat(n), "END IF; ".repeat(n));
    deep_exceptions: |n| format!(
        "DO $$ BEGIN {}NULL; {} END $$;",
        "BEGIN ".repeat(n), "EXCEPTION WHEN others THEN NULL; END; ".repeat(n)
    );
    deep_comment: |n| format!("{}{}SELECT 1;", "/*".repeat(n), "*/".repeat(n));
    chain_plus: |n| default(&chain("1", "+", n));
    chain_and_check: |n| check(&chain("a > 0", " AND ", n));
    chain_or_filter: |n| update(&chain("email = 'a'", " OR ", n));
    chain_concat: |n| insert(&chain("'a'", "||", n));
    chain_concat_execute: |n| format!("DO $$ BEGIN EXECUTE {}; END $$;", chain("'a'", "||", n));
    chain_format: |n| format!("DO $$ BEGIN EXECUTE format('{}', 'a'); END $$;", "%1$s".repeat(n));
    chain_cast: |n| default(&format!("1{}", "::int".repeat(n)));
    chain_dots: |n| format!("DROP TABLE {};", chain("a", ".", n));
    chain_union_view: |n| format!("CREATE VIEW v AS {};", chain("SELECT * FROM users", " UNION ALL ", n));
    chain_union_insert: |n| format!("INSERT INTO users {};", chain("SELECT * FROM users", " UNION ALL ", n));
    chain_union_with: |n| format!("WITH w AS (SELECT 1) {};", chain("SELECT * FROM w", " UNION ALL ", n));
    chain_join: |n| format!("CREATE VIEW v AS SELECT 1 FROM users{};", " JOIN users USING (id)".repeat(n));
    chain_from: |n| format!("CREATE VIEW v AS SELECT 1 FROM {};", chain("users", ", ", n));
    chain_with: |n| format!(
        "WITH {} SELECT 1;",
        (0..n).map(|k| format!("w{k} AS (SELECT * FROM users)")).collect::<Vec<_>>().join(", ")
    );
    chain_predicate: |n| predicate(&chain("email > 'a'", " AND ", n));
    chain_using: |n| using(&chain("id", "+", n));
    literals_adjacent: |n| format!("COMMENT ON TABLE users IS {};", chain("'a'", "\n", n));
    quote_open: |n| format!("SELECT 'a; {}", "SELECT 1; ".repeat(n));
    name_open: |n| format!("SELECT \"a; {}", "SELECT 1; ".repeat(n));
    dollar_open: |n| format!("DO $a$ BEGIN {}", "NULL; ".repeat(n));
    comment_open: |n| format!("SELECT 1; /* {}", "SELECT 1; /* */".repeat(n));
    quotes_odd: |n| "'\"$$".repeat(n);
    names_with_placeholders: |n| "\"{{ a \" ".repeat(n);
    name_with_placeholders: |n| format!("\"{}", "{{ \"\" ".repeat(n));
    placeholders_open: |n| "{{ ".repeat(n);
    placeholders_open_dollar: |n| "${".repeat(n);
    placeholders_open_percent: |n| "a{% ".repeat(n);
    placeholders: |n| "{{a}}${b} ".repeat(n);
    dollars: |n| "$a ".repeat(n);
    dollar_tags: |n| (0..n).map(|k| format!("$a{k}$ ")).collect();
    pluses: |n| format!("SELECT 1 {} 1;", "+".repeat(n));
    operators: |n| format!("SELECT 1 {} 1;", "<=-".repeat(n));
    semicolons: |n| ";".repeat(n);
    spaces: |n| " ".repeat(n);
    zero_widths: |n| "\u{200b}\u{a0}".repeat(n);
    backslashes: |n| "\\".repeat(n);
    backslash_lines: |n| "\\x\n".repeat(n);
    letters: |n| "a".repeat(n);
    digits: |n| format!("SELECT {};", "1".repeat(n));
    words: |n| "a ".repeat(n);
    bytes_unknown: |n| "\u{1}}]".repeat(n);
    closing: |n| format!("CREATE TABLE t (a int{};", ")".repeat(n));
    commas: |n| format!("CREATE TABLE t ({});", ",".repeat(n));
    go_in_a_line: |n| "go ".repeat(n);
    go_lines: |n| "SELECT 1\nGO\n".repeat(n);
    delimiters_in_a_line: |n| "delimiter;".repeat(n);
    delimiters: |n| "DELIMITER //\nSELECT 1; SELECT 2//\nDELIMITER ;\n".repeat(n);
    copies: |n| "COPY users FROM stdin;\n1\ta\n\\.\n".repeat(n);
    copy_open: |n| format!("COPY users FROM stdin;\n{}", "1\ta\n".repeat(n));
    comments: |n| "-- a\n".repeat(n);
    directives: |n| "-- bowline: ignore drop-column reason=\"x\"\nSELECT 1;\n".repeat(n);
    directives_misspelt: |n| "-- bowline: ignroe drop-column\n".repeat(n);
    directives_in_a_line: |n| "/* bowline: ignore drop-column */".repeat(n);
    goose_sections: |n| "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n".repeat(n);
    dbmate_sections: |n| "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n".repeat(n);
    changesets: |n| format!(
        "--liquibase formatted sql\n{}",
        (0..n).fold(String::new(), |mut out, k| {
            let _ = write!(out, "--changeset a:{k}\nALTER TABLE users ADD COLUMN c{} int;\n--rollback ALTER TABLE users DROP COLUMN c{};\n", k % 50, k % 50);
            out
        })
    );
    statement_ends: |n| "SELECT 1\n--> statement-breakpoint\n".repeat(n);
    transactions: |n| "BEGIN; ALTER TABLE users DROP COLUMN a; ROLLBACK;".repeat(n);
    savepoints: |n| format!("BEGIN;{}", "SAVEPOINT a; ALTER TABLE users DROP COLUMN a; ROLLBACK TO a;".repeat(n));
    savepoints_nested: |n| format!("BEGIN;{}{}", "SAVEPOINT a;".repeat(n), "ROLLBACK TO a;".repeat(n));
    columns: |n| (0..n).map(|k| format!("ALTER TABLE users ADD COLUMN c{k} int;\n")).collect();
    columns_at_once: |n| {
        let all: Vec<String> = (0..n).map(|k| format!("ADD COLUMN c{k} int")).collect();
        format!("ALTER TABLE users {};", all.join(", "))
    };
    columns_of_one_table: |n| {
        let all: Vec<String> = (0..n).map(|k| format!("c{k} int CHECK (c{k} > 0)")).collect();
        format!("CREATE TABLE t ({});", all.join(", "))
    };
    columns_added_and_dropped: |n| (0..n)
        .map(|k| format!("ALTER TABLE users ADD COLUMN c{k} int;\nALTER TABLE users DROP COLUMN c{k};\n"))
        .collect();
    types_changed: |n| "ALTER TABLE users ALTER COLUMN email TYPE text;\n".repeat(n);
    checks_unnamed: |n| "ALTER TABLE users ADD CHECK (email > 'a');\n".repeat(n);
    checks_at_once: |n| format!("ALTER TABLE users {};", chain("ADD CHECK (email > 'a')", ", ", n));
    checks_validated: |n| (0..n)
        .map(|k| format!("ALTER TABLE users ADD CONSTRAINT k{k} CHECK (id > {k}) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT k{k};\n"))
        .collect();
    indexes_unnamed: |n| "CREATE INDEX ON users (email);\n".repeat(n);
    indexes: |n| (0..n).map(|k| format!("CREATE INDEX i{k} ON users (email);\n")).collect();
    indexes_dropped: |n| (0..n)
        .map(|k| format!("CREATE INDEX i{k} ON users (email);\nDROP INDEX i{k};\n"))
        .collect();
    drops_unknown: |n| (0..n).map(|k| format!("DROP TABLE t{k};\n")).collect();
    tables: |n| (0..n).map(|k| format!("CREATE TABLE t{k} (id int PRIMARY KEY, u bigint REFERENCES users);\n")).collect();
    tables_dropped: |n| (0..n)
        .map(|k| format!("CREATE TABLE t{k} (id int PRIMARY KEY, u bigint REFERENCES users);\n"))
        .chain((0..n).map(|k| format!("DROP TABLE t{k};\n")))
        .collect();
    tables_undone: |n| format!(
        "-- +goose Up\n{}-- +goose Down\n{}",
        (0..n).map(|k| format!("CREATE TABLE t{k} (a int);\nALTER TABLE t{k} ADD COLUMN b int;\n")).collect::<String>(),
        (0..n).map(|k| format!("ALTER TABLE t{k} DROP COLUMN b;\nDROP TABLE t{k};\n")).collect::<String>(),
    );
    columns_undone: |n| format!(
        "-- +goose Up\n{}-- +goose Down\n{}",
        (0..n).map(|k| format!("ALTER TABLE users ADD COLUMN c{k} int;\n")).collect::<String>(),
        (0..n).rev().map(|k| format!("ALTER TABLE users DROP COLUMN c{k};\n")).collect::<String>(),
    );
    tables_renamed: |n| (0..n)
        .map(|k| format!("CREATE TABLE t (id int);\nALTER TABLE t RENAME TO t{k};\n"))
        .collect();
    keys_to_one_table: |n| (0..n)
        .map(|k| format!("ALTER TABLE t{k} ADD CONSTRAINT f{k} FOREIGN KEY (u) REFERENCES users (id);\n"))
        .collect();
    partitions: |n| (0..n).fold(
        String::from("CREATE TABLE p (id int NOT NULL, at date) PARTITION BY RANGE (id);\nCREATE INDEX p_at ON p (at);\n"),
        |mut out, k| {
            let _ = writeln!(out, "CREATE TABLE p{k} PARTITION OF p FOR VALUES FROM ({k}) TO ({});", k + 1);
            out
        },
    );
    children_in_a_row: |n| (1..n).fold(String::from("CREATE TABLE p0 (id int);\n"), |mut out, k| {
        let _ = writeln!(out, "CREATE TABLE p{k} () INHERITS (p{});", k - 1);
        out
    });
    views_in_a_row: |n| (1..n).fold(String::from("CREATE VIEW v0 AS SELECT * FROM users;\n"), |mut out, k| {
        let _ = writeln!(out, "CREATE VIEW v{k} AS SELECT * FROM v{};", k - 1);
        out
    });
    views_of_one_table: |n| (0..n).map(|k| format!("CREATE VIEW v{k} AS SELECT id, email FROM users;\n")).collect();
    enum_values: |n| (0..n).fold(String::from("CREATE TYPE e AS ENUM ();\n"), |mut out, k| {
        let _ = writeln!(out, "ALTER TYPE e ADD VALUE 'v{k}';");
        out
    });
    routines_called: |n| (0..n)
        .map(|k| format!("CREATE FUNCTION f{k}() RETURNS void LANGUAGE sql AS 'ALTER TABLE users DROP COLUMN c{k}';\nSELECT f{k}();\n"))
        .collect();
    routine_called_often: |n| format!(
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'ALTER TABLE users DROP COLUMN a';\n{}",
        "SELECT f();\n".repeat(n)
    );
    routine_overloads: |n| (0..n)
        .map(|k| format!("CREATE FUNCTION f(a t{k}) RETURNS void LANGUAGE sql AS 'SELECT 1';\n"))
        .collect();
    routine_replaced: |n| "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT 1';\n".repeat(n);
    statements_in_a_block: |n| format!("DO $$ BEGIN {} END $$;", "ALTER TABLE users DROP COLUMN a; ".repeat(n));
    brackets_in_a_block: |n| format!("DO $$ BEGIN {} END $$;", "a[; ".repeat(n));
    assignments_in_a_block: |n| format!("DO $$ BEGIN {} END $$;", "a.b[1] := 2; ".repeat(n));
    updates: |n| "UPDATE users SET email = 'a';\n".repeat(n);
    inserts: |n| "INSERT INTO users VALUES (1, 'a');\n".repeat(n);
    settings: |n| "SET lock_timeout = '1s';\nALTER TABLE users DROP COLUMN a;\nRESET lock_timeout;\n".repeat(n);
    search_paths: |n| format!("SET search_path = {};\nSELECT 1;", chain("a", ", ", n));
    drops_at_once: |n| format!("DROP TABLE {};", chain("a", ", ", n));
    truncated_at_once: |n| format!("TRUNCATE {};", chain("users", ", ", n));
    grants_at_once: |n| format!("GRANT SELECT ON {} TO a;", chain("users", ", ", n));
    locks: |n| "LOCK TABLE users;\n".repeat(n);
    validations: |n| "ALTER TABLE users VALIDATE CONSTRAINT a;\n".repeat(n);
    comments_on: |n| "COMMENT ON COLUMN users.email IS 'x';\n".repeat(n);
    unread: |n| "FROB THE KNOB;\n".repeat(n);
    findings_in_a_line: |n| "ALTER TABLE users DROP COLUMN a; ".repeat(n);
    findings_behind_wide_letters: |n| "/*é😀*/ALTER TABLE users DROP COLUMN a; ".repeat(n);
}

fn deep(n: usize) -> String {
    format!("{}1{}", "(".repeat(n), ")".repeat(n))
}

fn chain(term: &str, operator: &str, n: usize) -> String {
    vec![term; n.max(1)].join(operator)
}

fn check(expr: &str) -> String {
    format!(
        "CREATE TABLE t (a int CHECK ({expr}));\nALTER TABLE users ADD CHECK ({expr}) NOT VALID;"
    )
}

fn default(expr: &str) -> String {
    format!(
        "ALTER TABLE users ADD COLUMN b int DEFAULT {expr};\nALTER TABLE users ALTER COLUMN id SET DEFAULT {expr};"
    )
}

fn view(expr: &str) -> String {
    format!(
        "CREATE VIEW v AS SELECT {expr} AS x FROM users;\nCREATE MATERIALIZED VIEW m AS SELECT {expr} AS x FROM users;"
    )
}

fn predicate(expr: &str) -> String {
    format!("CREATE INDEX i ON users (email) WHERE {expr};")
}

fn insert(expr: &str) -> String {
    format!("INSERT INTO users SELECT {expr} FROM users;\nINSERT INTO users VALUES ({expr});")
}

fn update(expr: &str) -> String {
    format!("UPDATE users SET email = {expr} WHERE {expr};\nDELETE FROM users WHERE {expr};")
}

fn generated(expr: &str) -> String {
    format!("ALTER TABLE users ADD COLUMN g int GENERATED ALWAYS AS ({expr}) STORED;")
}

fn using(expr: &str) -> String {
    format!("ALTER TABLE users ALTER COLUMN email TYPE int USING {expr};")
}
