# data/elements.csv -> the C table that elements.h declares.
BEGIN {
  FS = ","
  fields = 25
  print "/* Made from data/elements.csv by element_table.awk. */"
  print "#include \"chem/elements.h\"\n"
  print "#include <math.h>\n"
}

function stop(what) {
  print FILENAME ":" FNR ": " what | "cat 1>&2"
  failed = 1
  exit 1
}

function number(text) {
  return text == "" ? "NAN" : text
}

/^#/ { next }

NF != fields { stop("expected " fields " cells, found " NF) }

rows == 0 {
  print "const char *const ecd_property_names[ECD_PROPERTY_COUNT] = {"
  for (i = 2; i < fields - 1; ++i) print "    \"" $i "\","
  print "};\n\nconst ecd_element_t ecd_element_table[ECD_ELEMENT_COUNT] = {"
  printf "    {\"X\", {"
  for (i = 2; i < fields - 1; ++i) printf "NAN%s", i < fields - 2 ? ", " : "}, NAN, 0, {0}},\n"
  rows = 1
  next
}

{
  if ($2 != rows) stop("expected the element of number " rows ", found " $2)
  printf "    {\"%s\", {", $1
  for (i = 2; i < fields - 1; ++i) printf "%s%s", number($i), i < fields - 2 ? ", " : "}, "
  states = split($fields, state, " ")
  printf "%s, %d, {", number($(fields - 1)), states
  for (i = 1; i <= states; ++i) printf "%s%s", state[i], i < states ? ", " : ""
  print states == 0 ? "0}}," : "}},"
  ++rows
}

END {
  if (failed) exit 1
  if (rows != 119) stop("expected 118 elements, found " rows - 1)
  print "};"
}
