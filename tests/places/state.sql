-- Everything about a database that a release can see, without the order of
-- columns: definitions first, then rows.
\pset format unaligned
\pset tuples_only on
SELECT format('column %s %I %s%s default %s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
              CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, pg_get_expr(d.adbin, d.adrelid))
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
    AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1;
SELECT format('constraint %s %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid >= 16384 ORDER BY 1;
SELECT format('index %s valid %s', pg_get_indexdef(indexrelid), indisvalid)
FROM pg_index WHERE indrelid >= 16384 AND indrelid::regclass::text NOT LIKE 'pg_toast%' ORDER BY 1;
SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1;
SELECT format('routine %s', oid::regprocedure) FROM pg_proc WHERE oid >= 16384 ORDER BY 1;
SELECT format('enum %s %s', enumtypid::regtype, string_agg(enumlabel, ', ' ORDER BY enumsortorder))
FROM pg_enum GROUP BY enumtypid ORDER BY 1;
SELECT format('SELECT %L || to_jsonb(t)::text FROM %s AS t ORDER BY 1;', 'row ' || c.oid::regclass || ' ', c.oid::regclass)
FROM pg_class AS c WHERE c.relkind IN ('r', 'v')
    AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
ORDER BY c.oid::regclass::text
\gexec
