#!/usr/bin/env bash
# make book: renders README.md, docs/ and the pages beside the code as one book with search, into target/book. mdBook is built
# once, into target/tools.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/env.sh"

MDBOOK_VERSION=0.5.4
tools=$ROOT/target/tools
book=$ROOT/target/book
source=$ROOT/target/book-source

if [ "$("$tools/bin/mdbook" --version 2>/dev/null)" != "mdbook v$MDBOOK_VERSION" ]; then
  say "building mdBook $MDBOOK_VERSION (the first time three or four minutes)"
  cargo install --quiet --locked mdbook --version "$MDBOOK_VERSION" --no-default-features --features search --root "$tools"
fi

# Pages link to one another as the files lie in the repository, so the book's source has the same layout.
outside=(CONTRIBUTING.md SECURITY.md CHANGELOG.md dbt/README.md bench/README.md dashboards/superset/README.md)
rm -rf "$source" "$book"
mkdir -p "$source/src"
(cd "$ROOT" && tar -cf - README.md docs bench/*.sql "${outside[@]}") | tar -C "$source/src" -xf -
sed 's|^src = .*|src = "src"|; s|^build-dir = .*|build-dir = "../book"|' "$ROOT/book.toml" >"$source/book.toml"
{
  printf '# Summary\n\n[health_score](README.md)\n\n'
  sed '/^# Summary$/d; s|](\([^)]\)|](docs/\1|' "$ROOT/docs/SUMMARY.md"
  printf '\n# In the repository\n\n'
  for page in "${outside[@]}"; do
    printf -- '- [%s](%s)\n' "$(sed -n '1s/^# //p' "$ROOT/$page")" "$page"
  done
} >"$source/src/SUMMARY.md"
rm "$source/src/docs/SUMMARY.md"
# mdBook makes index.html of a README.md, and has a table of contents of its own.
sed -i 's|(docs/SUMMARY\.md)|(toc.html)|' "$source/src/README.md"
find "$source/src" -name '*.md' ! -name SUMMARY.md -exec sed -i 's|\(([^():]*\)README\.md\([)#]\)|\1index.md\2|g' {} +

"$tools/bin/mdbook" build "$source" >&2
rm -rf "$source"
say "the book is in target/book/index.html"
