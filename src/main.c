#include "cmd/program.h"

int main(int argc, char **argv) { return ecd_program(argc, argv); }
