{# No release uses the table any more before it goes. #}
{% import "parts" as parts %}
-- release: code that neither reads nor writes `{{ table.name }}`
{% if table.referenced_by %}
-- file: contract {{ word("release", table.name) }}
{% for reference in table.referenced_by %}
ALTER TABLE {{ reference.table }} DROP CONSTRAINT {{ reference.constraint }};
{% endfor %}
{% endif %}
-- file: contract {{ word("drop", table.name) }}
{{ parts.approval("no release since <release> uses " ~ table.name, true) }}
{{ parts.views_first(table.views, table.sql) }}
DROP {{ object.word | upper }} {{ table.sql }};
