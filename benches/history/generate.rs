//! Histories that look like those of a shop, as large as one likes, and the
//! same at every call.

use std::fmt::Write;

/// A file of a history: its path below the folder, and its text.
pub type File = (String, String);

/// Migrations in three folders, each as another tool wants it: a table to begin
/// with, and then what happens to tables. About 1.2 kB a file.
pub fn history(files: usize) -> Vec<File> {
    let mut out = Vec::with_capacity(files);
    for (service, style) in [Style::Goose, Style::GolangMigrate, Style::Plain]
        .into_iter()
        .enumerate()
    {
        let wanted = (files + 2 - service) / 3;
        let mut shop = Shop::new(service as u64 + 1);
        let mut made = 0;
        while made < wanted {
            let number = match style {
                Style::GolangMigrate => made / 2 + 1,
                _ => made + 1,
            };
            let step = shop.step(number);
            let name = format!("{number:06}_{}", step.name);
            match style {
                Style::Goose => out.push((format!("goose/{name}.sql"), step.goose())),
                Style::Plain => out.push((format!("plain/{name}.sql"), step.up)),
                Style::GolangMigrate => {
                    out.push((format!("migrate/{name}.up.sql"), step.up));
                    made += 1;
                    if made < wanted {
                        out.push((format!("migrate/{name}.down.sql"), step.down));
                    }
                }
            }
            made += 1;
        }
    }
    out
}

/// What `pg_dump --schema-only` would write, at least so many bytes of it.
pub fn dump(bytes: usize) -> String {
    let mut out = String::with_capacity(bytes + 4096);
    out.push_str(
        "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nSET lock_timeout = 0;\n\
         SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\
         SELECT pg_catalog.set_config('search_path', '', false);\n\n",
    );
    let mut random = Random(7);
    let mut keys = String::new();
    let mut tables: Vec<String> = Vec::new();
    while out.len() + keys.len() < bytes {
        let table = format!("{}_{}", random.pick(NOUNS), tables.len());
        let parent = tables.get(random.below(tables.len()));
        let detailed = tables.len().is_multiple_of(8);
        dump_table(&mut out, &mut keys, &mut random, &table, parent, detailed);
        tables.push(table);
    }
    out.push_str(&keys);
    out
}

fn dump_table(
    out: &mut String,
    keys: &mut String,
    random: &mut Random,
    table: &str,
    parent: Option<&String>,
    detailed: bool,
) {
    let _ = write!(
        out,
        "--\n-- Name: {table}; Type: TABLE; Schema: public; Owner: shop\n--\n\n\
         CREATE TABLE public.{table} (\n    id bigint NOT NULL,\n    parent_id bigint"
    );
    let mut columns = Vec::new();
    for n in 0..4 + random.below(14) {
        let name = format!("{}_{n}", random.pick(COLUMNS));
        let _ = write!(out, ",\n    {name} {}", random.pick(DUMPED_TYPES));
        columns.push(name);
    }
    let first = &columns[0];
    let _ = write!(
        out,
        ",\n    CONSTRAINT {table}_{first}_check CHECK (({first} IS NOT NULL))\n);\n\n\n\
         ALTER TABLE public.{table} OWNER TO shop;\n\n\
         CREATE SEQUENCE public.{table}_id_seq\n    START WITH 1\n    INCREMENT BY 1\n    \
         NO MINVALUE\n    NO MAXVALUE\n    CACHE 1;\n\n\
         ALTER SEQUENCE public.{table}_id_seq OWNED BY public.{table}.id;\n\n\
         ALTER TABLE ONLY public.{table} ALTER COLUMN id \
         SET DEFAULT nextval('public.{table}_id_seq'::regclass);\n\n\
         COMMENT ON TABLE public.{table} IS 'Rows that the shop keeps; see the handbook';\n\n"
    );
    if detailed {
        let second = &columns[1];
        let _ = write!(
            out,
            "CREATE VIEW public.{table}_view AS\n SELECT t.id,\n    t.{first},\n    t.{second}\n   \
             FROM public.{table} t\n  WHERE (t.{first} IS NOT NULL);\n\n\
             CREATE FUNCTION public.{table}_touch() RETURNS trigger\n    LANGUAGE plpgsql\n    \
             AS $$\nBEGIN\n  NEW.{first} := now();\n  RETURN NEW;\nEND;\n$$;\n\n\
             CREATE TRIGGER {table}_touch BEFORE UPDATE ON public.{table} \
             FOR EACH ROW EXECUTE FUNCTION public.{table}_touch();\n\n"
        );
    }
    let _ = write!(
        keys,
        "ALTER TABLE ONLY public.{table}\n    ADD CONSTRAINT {table}_pkey PRIMARY KEY (id);\n\n"
    );
    for column in columns.iter().take(2) {
        let _ = write!(
            keys,
            "CREATE INDEX idx_{table}_{column} ON public.{table} USING btree ({column});\n\n"
        );
    }
    if let Some(parent) = parent {
        let _ = write!(
            keys,
            "ALTER TABLE ONLY public.{table}\n    ADD CONSTRAINT {table}_parent_fkey \
             FOREIGN KEY (parent_id) REFERENCES public.{parent}(id) ON DELETE CASCADE;\n\n\
             GRANT SELECT,INSERT ON TABLE public.{table} TO reader;\n\n"
        );
    }
}

/// Rows as INSERT statements of a hundred rows each.
pub fn inserts(bytes: usize) -> String {
    let mut out = String::with_capacity(bytes + 16384);
    out.push_str(
        "CREATE TABLE customers (id bigint PRIMARY KEY, name text, email text, note text, \
         spent numeric(12,2), seen timestamptz);\n",
    );
    let mut random = Random(11);
    let mut id = 0;
    while out.len() < bytes {
        out.push_str("INSERT INTO customers (id, name, email, note, spent, seen) VALUES\n");
        for row in 0..100 {
            id += 1;
            let (first, last) = (random.pick(NAMES), random.pick(NOUNS));
            let end = if row == 99 { ";\n" } else { ",\n" };
            let _ = write!(
                out,
                "({id}, '{first} O''{last}', '{first}.{last}{id}@example.org', \
                 'has ordered; waits for (more)', {}.{:02}, '2024-0{}-1{}T08:30:00Z'){end}",
                random.below(10_000),
                random.below(100),
                random.below(9) + 1,
                random.below(10)
            );
        }
    }
    out
}

/// One table that is altered over and over, in one file.
pub fn altered(times: usize) -> String {
    let mut out = String::from(ALTERED_TABLE);
    let mut random = Random(13);
    for n in 0..times {
        out.push_str(&alteration(n, &mut random));
    }
    out
}

/// The same, with a file for each step.
pub fn altered_by_files(times: usize) -> Vec<File> {
    let mut random = Random(13);
    let first = ("000000_ledger.sql".to_string(), ALTERED_TABLE.to_string());
    std::iter::once(first)
        .chain((0..times).map(|n| {
            let name = format!("{:06}_change.sql", n + 1);
            (name, alteration(n, &mut random))
        }))
        .collect()
}

const ALTERED_TABLE: &str =
    "CREATE TABLE ledger (id bigint PRIMARY KEY, account text NOT NULL, amount numeric(12,2));\n";

fn alteration(n: usize, random: &mut Random) -> String {
    let past = n.saturating_sub(20) / 5 * 5;
    match n % 5 {
        0 => format!(
            "ALTER TABLE ledger ADD COLUMN c{n} {};\n",
            random.pick(TYPES)
        ),
        1 => format!(
            "ALTER TABLE ledger ALTER COLUMN c{} SET DEFAULT NULL;\n",
            n - 1
        ),
        2 => format!("CREATE INDEX ledger_c{0}_idx ON ledger (c{0});\n", n - 2),
        3 => format!("ALTER TABLE ledger ALTER COLUMN c{} TYPE text;\n", n - 3),
        _ if past > 0 => format!("ALTER TABLE ledger DROP COLUMN c{past};\n"),
        _ => format!("ALTER TABLE ledger ALTER COLUMN c{} SET NOT NULL;\n", n - 4),
    }
}

/// A table of 1,500 columns that gets one more in each migration, with downs.
pub fn widened(migrations: usize) -> Vec<File> {
    let columns: Vec<String> = (0..1_500).map(|n| format!("c{n} int")).collect();
    let mut out = vec![
        (
            "000001_wide.up.sql".into(),
            format!("CREATE TABLE wide ({});\n", columns.join(", ")),
        ),
        ("000001_wide.down.sql".into(), "DROP TABLE wide;\n".into()),
    ];
    for n in 2..=migrations {
        let up = format!("ALTER TABLE wide ADD COLUMN x{n} int;\n");
        let down = format!("ALTER TABLE wide DROP COLUMN x{n};\n");
        out.push((format!("{n:06}_wider.up.sql"), up));
        out.push((format!("{n:06}_wider.down.sql"), down));
    }
    out
}

/// One file in which nearly every statement is a finding.
pub fn hazards(statements: usize) -> String {
    let mut out = String::new();
    for n in 0..statements {
        let _ = match n % 3 {
            0 => writeln!(
                out,
                "CREATE INDEX orders_{n}_idx ON orders_{} (total);",
                n % 97
            ),
            1 => writeln!(
                out,
                "ALTER TABLE orders_{} ALTER COLUMN total TYPE text;",
                n % 97
            ),
            _ => writeln!(out, "ALTER TABLE orders_{} DROP COLUMN old_{n};", n % 97),
        };
    }
    out
}

enum Style {
    Goose,
    GolangMigrate,
    Plain,
}

/// One migration.
struct Step {
    name: String,
    up: String,
    down: String,
}

impl Step {
    fn goose(&self) -> String {
        let guard = |text: &str| {
            text.replace("DO $$", "-- +goose StatementBegin\nDO $$")
                .replace("END $$;\n", "END $$;\n-- +goose StatementEnd\n")
                .replace(
                    "CREATE FUNCTION",
                    "-- +goose StatementBegin\nCREATE FUNCTION",
                )
                .replace("END;\n$fn$;\n", "END;\n$fn$;\n-- +goose StatementEnd\n")
        };
        format!(
            "-- +goose Up\n{}\n-- +goose Down\n{}",
            guard(&self.up),
            guard(&self.down)
        )
    }
}

/// A database that grows.
struct Shop {
    random: Random,
    tables: Vec<Known>,
}

struct Known {
    name: String,
    columns: Vec<String>,
}

impl Shop {
    fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            tables: Vec::new(),
        }
    }

    fn step(&mut self, number: usize) -> Step {
        let mut step = match self.random.below(20) {
            _ if self.tables.len() < 3 => self.create(number),
            0..=6 => self.create(number),
            7..=9 => self.add_columns(number),
            10..=11 => self.indexes(number),
            12..=13 => self.change(number),
            14 => self.view(number),
            15..=16 => self.rows(number),
            17 => self.routine(number),
            18 => self.block(number),
            _ => self.foreign_key(number),
        };
        step.up.insert_str(
            0,
            &format!(
                "-- {}: ticket SHOP-{}; the reasons stand in the decision record,\n\
                 -- the numbers in the capacity sheet of the quarter.\n",
                step.name,
                1000 + number
            ),
        );
        step
    }

    fn table(&mut self) -> usize {
        // What changes is mostly what is new.
        let count = self.tables.len();
        let recent = count.min(40);
        count - 1 - self.random.below(recent)
    }

    fn create(&mut self, number: usize) -> Step {
        let name = format!("{}_{number}", self.random.pick(NOUNS));
        let mut up = format!(
            "CREATE TABLE {name} (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        );
        let mut columns = Vec::new();
        for n in 0..14 + self.random.below(15) {
            let column = format!("{}_{n}", self.random.pick(COLUMNS));
            let _ = write!(
                up,
                ",\n    {column} {}{}",
                self.random.pick(TYPES),
                self.random.pick(&["", " NOT NULL", "", " DEFAULT NULL"])
            );
            columns.push(column);
        }
        if let Some(parent) = self.tables.last() {
            let _ = write!(
                up,
                ",\n    {0}_id bigint NOT NULL REFERENCES {0} (id) ON DELETE CASCADE",
                parent.name
            );
        }
        let (a, b) = (&columns[0], &columns[1]);
        let _ = write!(
            up,
            ",\n    created_at timestamptz NOT NULL DEFAULT now(),\n    \
             CONSTRAINT {name}_{a}_check CHECK ({a} IS NOT NULL OR {b} IS NOT NULL)\n);\n\n\
             CREATE INDEX {name}_{a}_idx ON {name} ({a});\n\
             CREATE UNIQUE INDEX {name}_{b}_idx ON {name} (coalesce({b}, {b}), id) WHERE {a} IS NOT NULL;\n\
             COMMENT ON TABLE {name} IS 'What the shop knows of this';\n\
             GRANT SELECT, INSERT, UPDATE ON {name} TO shop_app;\n"
        );
        let down = format!("DROP TABLE {name};\n");
        let step = Step {
            name: format!("create_{name}"),
            up,
            down,
        };
        self.tables.push(Known { name, columns });
        step
    }

    fn add_columns(&mut self, number: usize) -> Step {
        let at = self.table();
        let table = self.tables[at].name.clone();
        let mut up = String::from("SET LOCAL lock_timeout = '5s';\n\n");
        let mut down = String::new();
        for n in 0..2 + self.random.below(5) {
            let column = format!("{}_{number}_{n}", self.random.pick(COLUMNS));
            let ty = self.random.pick(TYPES);
            let _ = match n % 3 {
                0 => writeln!(up, "ALTER TABLE {table}\n    ADD COLUMN {column} {ty};\n"),
                1 => writeln!(
                    up,
                    "ALTER TABLE {table}\n    ADD COLUMN IF NOT EXISTS {column} boolean NOT NULL DEFAULT false;\n"
                ),
                _ => writeln!(
                    up,
                    "ALTER TABLE {table}\n    ADD COLUMN {column} varchar(120) DEFAULT 'none';\n\
                     COMMENT ON COLUMN {table}.{column} IS 'filled by the nightly job';\n"
                ),
            };
            down.insert_str(0, &format!("ALTER TABLE {table} DROP COLUMN {column};\n"));
            self.tables[at].columns.push(column);
        }
        Step {
            name: format!("extend_{table}"),
            up,
            down,
        }
    }

    fn indexes(&mut self, number: usize) -> Step {
        let (mut up, mut down) = (String::new(), String::new());
        for n in 0..2 {
            let at = self.table();
            let table = &self.tables[at];
            let column = &table.columns[self.random.below(table.columns.len())];
            let name = format!("{}_{number}_{n}_idx", table.name);
            let concurrently = self.random.pick(&["", "CONCURRENTLY "]);
            let _ = writeln!(
                up,
                "CREATE INDEX {concurrently}IF NOT EXISTS {name}\n    ON {} USING btree ({column}, id DESC)\n    WHERE {column} IS NOT NULL;",
                table.name
            );
            let _ = writeln!(down, "DROP INDEX {concurrently}IF EXISTS {name};");
        }
        Step {
            name: format!("index_more_{number}"),
            up,
            down,
        }
    }

    fn change(&mut self, number: usize) -> Step {
        let (mut up, mut down) = (String::new(), String::new());
        for _ in 0..2 {
            let n = self.random.below(4);
            let at = self.table();
            let table = &mut self.tables[at];
            // Views show the first of them.
            let behind = SHOWN + self.random.below(table.columns.len() - SHOWN);
            let column = table.columns[behind].clone();
            let name = table.name.clone();
            match n % 4 {
                0 => {
                    let _ = writeln!(
                        up,
                        "ALTER TABLE {name} ALTER COLUMN {column} TYPE text USING {column}::text;"
                    );
                    let _ = writeln!(
                        down,
                        "ALTER TABLE {name} ALTER COLUMN {column} TYPE varchar(80);"
                    );
                }
                1 => {
                    let _ = writeln!(
                        up,
                        "ALTER TABLE {name}\n    ADD CONSTRAINT {name}_{number}_{n}_check CHECK ({column} IS NOT NULL) NOT VALID;\n\
                         ALTER TABLE {name} VALIDATE CONSTRAINT {name}_{number}_{n}_check;"
                    );
                    let _ = writeln!(
                        down,
                        "ALTER TABLE {name} DROP CONSTRAINT {name}_{number}_{n}_check;"
                    );
                }
                2 => {
                    let _ = writeln!(
                        up,
                        "ALTER TABLE {name} RENAME COLUMN {column} TO {column}_v{number};"
                    );
                    let _ = writeln!(
                        down,
                        "ALTER TABLE {name} RENAME COLUMN {column}_v{number} TO {column};"
                    );
                    for known in table.columns.iter_mut().filter(|c| **c == column) {
                        known.push_str(&format!("_v{number}"));
                    }
                }
                _ => {
                    let _ = writeln!(up, "ALTER TABLE {name} ALTER COLUMN {column} SET NOT NULL;");
                    let _ = writeln!(
                        down,
                        "ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL;"
                    );
                }
            }
        }
        Step {
            name: format!("change_{number}"),
            up,
            down,
        }
    }

    fn view(&mut self, number: usize) -> Step {
        let (a, b) = (self.table(), self.table());
        let (left, right) = (&self.tables[a], &self.tables[b]);
        let name = format!("{}_overview_{number}", left.name);
        let mut up = format!("CREATE VIEW {name} AS\nSELECT l.id AS left_id, r.id AS right_id");
        for (n, column) in left.columns.iter().take(SHOWN).enumerate() {
            let _ = write!(up, ",\n    coalesce(l.{column}::text, '-') AS c{n}");
        }
        let _ = write!(
            up,
            ",\n    count(*) FILTER (WHERE r.id > 10) OVER (PARTITION BY l.id) AS many\nFROM {} l\nJOIN {} r ON r.id = l.id AND r.{} IS NOT NULL\nWHERE l.id > 0\n  AND (l.{} IS NOT NULL OR r.id BETWEEN 1 AND 1000000)\nORDER BY l.id DESC;\n",
            left.name, right.name, right.columns[0], left.columns[0]
        );
        Step {
            name: format!("view_{number}"),
            up,
            down: format!("DROP VIEW {name};\n"),
        }
    }

    fn rows(&mut self, number: usize) -> Step {
        let at = self.table();
        let table = &self.tables[at];
        let column = &table.columns[0];
        let mut up = format!(
            "UPDATE {0} SET {column} = NULL WHERE id IN (SELECT id FROM {0} WHERE {column} IS NULL LIMIT 1000);\n\
             CREATE TABLE IF NOT EXISTS settings (key text PRIMARY KEY, value text, note text);\n\
             INSERT INTO settings (key, value, note) VALUES\n",
            table.name
        );
        for n in 0..24 {
            let end = if n == 23 { ";\n" } else { ",\n" };
            let _ = write!(
                up,
                "    ('feature.{}.{number}.{n}', 'on; since {n}', 'it''s on for (nearly) all'){end}",
                self.random.pick(NOUNS)
            );
        }
        Step {
            name: format!("fill_{number}"),
            up,
            down: format!("DELETE FROM settings WHERE key LIKE 'feature.%.{number}.%';\n"),
        }
    }

    fn routine(&mut self, number: usize) -> Step {
        let at = self.table();
        let table = &self.tables[at];
        let (name, column) = (&table.name, &table.columns[0]);
        let up = format!(
            "CREATE FUNCTION touch_{number}() RETURNS trigger\n    LANGUAGE plpgsql\n    AS $fn$\nDECLARE\n    changed integer := 0;\nBEGIN\n    IF NEW.{column} IS DISTINCT FROM OLD.{column} THEN\n        changed := changed + 1;\n        INSERT INTO settings (key, value) VALUES ('touched', NEW.id::text);\n    ELSIF TG_OP = 'DELETE' THEN\n        RAISE NOTICE 'gone: %', OLD.id;\n        RETURN OLD;\n    END IF;\n    FOR changed IN SELECT id FROM {name} WHERE id = NEW.id LOOP\n        UPDATE {name} SET {column} = NEW.{column} WHERE id = changed;\n    END LOOP;\n    RETURN NEW;\nEND;\n$fn$;\n\nCREATE TRIGGER touch_{number}\n    BEFORE INSERT OR UPDATE ON {name}\n    FOR EACH ROW EXECUTE FUNCTION touch_{number}();\n"
        );
        let down =
            format!("DROP TRIGGER touch_{number} ON {name};\nDROP FUNCTION touch_{number}();\n");
        Step {
            name: format!("touch_{number}"),
            up,
            down,
        }
    }

    fn block(&mut self, number: usize) -> Step {
        let at = self.table();
        let name = &self.tables[at].name;
        let mut up = String::from("DO $$\nBEGIN\n");
        for n in 0..4 {
            let _ = write!(
                up,
                "    IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'state_{number}_{n}') THEN\n        CREATE TYPE state_{number}_{n} AS ENUM ('new', 'open', 'done');\n        ALTER TABLE {name} ADD COLUMN state_{number}_{n} state_{number}_{n} DEFAULT 'new';\n    END IF;\n"
            );
        }
        up.push_str("END $$;\n");
        let mut down = String::new();
        for n in 0..4 {
            let _ = writeln!(
                down,
                "ALTER TABLE {name} DROP COLUMN state_{number}_{n};\nDROP TYPE state_{number}_{n};"
            );
        }
        Step {
            name: format!("states_{number}"),
            up,
            down,
        }
    }

    fn foreign_key(&mut self, number: usize) -> Step {
        let (mut up, mut down) = (String::new(), String::new());
        for n in 0..1 {
            let (a, b) = (self.table(), self.table());
            let (from, to) = (&self.tables[a].name, &self.tables[b].name);
            let _ = write!(
                up,
                "ALTER TABLE {from} ADD COLUMN ref_{number}_{n} bigint;\n\
                 ALTER TABLE {from}\n    ADD CONSTRAINT {from}_{number}_{n}_fkey\n    FOREIGN KEY (ref_{number}_{n}) REFERENCES {to} (id)\n    ON UPDATE NO ACTION ON DELETE SET NULL;\n\
                 CREATE INDEX {from}_ref_{number}_{n}_idx ON {from} (ref_{number}_{n});\n\n"
            );
            let _ = writeln!(
                down,
                "ALTER TABLE {from} DROP CONSTRAINT {from}_{number}_{n}_fkey;\nALTER TABLE {from} DROP COLUMN ref_{number}_{n};"
            );
        }
        Step {
            name: format!("link_{number}"),
            up,
            down,
        }
    }
}

/// Marsaglia's xorshift: enough for text, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const NOUNS: &[&str] = &[
    "order",
    "invoice",
    "customer",
    "shipment",
    "product",
    "price",
    "voucher",
    "basket",
    "payment",
    "refund",
    "address",
    "carrier",
    "supplier",
    "warehouse",
    "category",
    "review",
    "session",
    "subscription",
    "notification",
    "discount",
];

const NAMES: &[&str] = &[
    "Ada", "Bela", "Chen", "Dora", "Emeka", "Fatma", "Goran", "Hana",
];

const COLUMNS: &[&str] = &[
    "status",
    "total",
    "currency",
    "note",
    "external_reference",
    "quantity",
    "valid_until",
    "country_code",
    "weight",
    "label",
    "is_active",
    "position",
    "payload",
    "checksum",
    "locale",
];

/// So many columns of a table stand in a view on it.
const SHOWN: usize = 10;

const TYPES: &[&str] = &[
    "text",
    "varchar(255)",
    "integer",
    "bigint",
    "boolean",
    "timestamptz",
    "numeric(12,2)",
    "jsonb",
    "uuid",
    "date",
    "text[]",
];

const DUMPED_TYPES: &[&str] = &[
    "text",
    "character varying(255)",
    "integer",
    "bigint DEFAULT 0 NOT NULL",
    "boolean DEFAULT false NOT NULL",
    "timestamp with time zone DEFAULT now()",
    "numeric(12,2)",
    "jsonb DEFAULT '{}'::jsonb NOT NULL",
    "uuid",
    "date",
    "text[]",
];
