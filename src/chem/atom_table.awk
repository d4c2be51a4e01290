# data/cgcnn_atoms.csv -> the C table that atoms.h declares.
BEGIN {
  FS = ","
  fields = 11
  columns = "symbol,number,group,period,electronegativity,covalent_radius,valence_electrons," \
    "first_ionisation_energy,electron_affinity,block,atomic_volume"
  split("0 0 19 7 10 10 12 10 10 4 10", width, " ")
  print "/* Made from data/cgcnn_atoms.csv by atom_table.awk. */"
  print "#include \"chem/atoms.h\"\n"
}

function stop(what) {
  print FILENAME ":" FNR ": " what | "cat 1>&2"
  failed = 1
  exit 1
}

/^#/ { next }

NF != fields { stop("expected " fields " cells, found " NF) }

rows == 0 {
  if ($0 != columns) stop("expected the columns " columns ", found " $0)
  print "const signed char ecd_atom_table[ECD_ATOM_COUNT][ECD_ATOM_BLOCKS] = {"
  print "    {-1, -1, -1, -1, -1, -1, -1, -1, -1},"
  rows = 1
  next
}

{
  if ($2 != rows) stop("expected the element of number " rows ", found " $2)
  printf "    {"
  for (i = 3; i <= fields; ++i) {
    if ($i != "" && ($i !~ /^[0-9]+$/ || $i + 0 >= width[i]))
      stop("expected 0 to " width[i] - 1 " or nothing, found " $i)
    printf "%s%s", $i == "" ? "-1" : $i, i < fields ? ", " : "}, /* " $1 " */\n"
  }
  ++rows
}

END {
  if (failed) exit 1
  if (rows != 101) stop("expected 100 elements, found " rows - 1)
  print "};"
}
