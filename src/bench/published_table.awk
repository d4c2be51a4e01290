# data/published.csv -> the C table that published.h declares.
BEGIN {
  FS = ","
  print "/* Made from data/published.csv by published_table.awk. */"
  print "#include \"bench/published.h\"\n"
  print "const ecd_published_t ecd_published_table[] = {"
}

function stop(what) {
  print FILENAME ":" FNR ": " what | "cat 1>&2"
  failed = 1
  exit 1
}

/^#/ { next }

NF != 7 { stop("expected 7 cells, found " NF) }

!header {
  header = 1
  next
}

{
  if ($1 !~ /^(kfold|loeo|external)$/ || $3 !~ /^(bulk|shear)$/) stop("unknown protocol or target")
  if ($6 !~ /^-?[0-9.]+$/ || $7 !~ /^[0-9.]+$/) stop("expected numbers")
  printf "    {ECD_PROTOCOL_%s, \"%s\", ECD_TARGET_%s, \"%s\", \"%s\", %s, %s},\n", \
    toupper($1), $2, toupper($3), $4, $5, $6, $7
  ++rows
}

END {
  if (failed) exit 1
  print "};\n\nconst size_t ecd_published_count = " rows ";"
}
