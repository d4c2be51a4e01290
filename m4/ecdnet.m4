# Probes of the ecdnet build. Each one that fails names the library, its Debian package and the
# variable or option that points to it elsewhere.

# ECD_OPTIONS: what --enable and --with offer.
AC_DEFUN([ECD_OPTIONS], [
AC_ARG_ENABLE([native],
  [AS_HELP_STRING([--disable-native], [do not compile for the instruction set of this machine])],
  [], [enable_native=yes])
AC_ARG_ENABLE([werror],
  [AS_HELP_STRING([--enable-werror], [make compiler warnings errors (CI does)])],
  [], [enable_werror=no])
AC_ARG_ENABLE([sanitizers],
  [AS_HELP_STRING([--enable-sanitizers], [build with the address and undefined-behaviour sanitizers])],
  [], [enable_sanitizers=no])
AC_ARG_WITH([dnnl],
  [AS_HELP_STRING([--with-dnnl=no|PATH], [oneDNN: leave it out, or its install prefix (default: probe)])],
  [], [with_dnnl=check])
AC_ARG_WITH([random123],
  [AS_HELP_STRING([--with-random123=PATH], [folder that holds Random123/philox.h])],
  [], [with_random123=])
AC_ARG_VAR([PETSC_DIR], [PETSc install prefix (with PETSC_ARCH for a source tree)])
AC_ARG_VAR([PETSC_ARCH], [PETSc architecture folder inside PETSC_DIR])
AC_ARG_VAR([HDF5_DIR], [parallel HDF5 install prefix])

ECD_CFLAGS="-std=gnu11 -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion -Wno-sign-conversion -fno-math-errno -fno-trapping-math"
AS_IF([test "x$ecd_user_cflags" != xset], [CFLAGS="-O3 -g"])
AS_IF([test "x$enable_native" = xyes], [
  ecd_saved="$CFLAGS"; CFLAGS="$CFLAGS -march=native"
  AC_MSG_CHECKING([whether $CC accepts -march=native])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
    [AC_MSG_RESULT([yes]); ECD_CFLAGS="$ECD_CFLAGS -march=native"], [AC_MSG_RESULT([no]); enable_native=no])
  CFLAGS="$ecd_saved"])
AS_IF([test "x$enable_werror" = xyes], [ECD_CFLAGS="$ECD_CFLAGS -Werror"])
AS_IF([test "x$enable_sanitizers" = xyes],
  [ECD_CFLAGS="$ECD_CFLAGS -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
   ECD_LDFLAGS="-fsanitize=address,undefined"])
AC_SUBST([ECD_CFLAGS])
AC_SUBST([ECD_LDFLAGS])
])

# ECD_MISSING(NAME, DEBIAN-PACKAGE, HINT): stops with what is missing and both ways out.
AC_DEFUN([ECD_MISSING],
[AC_MSG_ERROR([$1 not found.
  On Debian:  apt-get install $2
  Elsewhere:  $3])])

# ECD_RPATH(VAR): programs find the libraries of VAR's -L folders, unless the system's, when they run.
AC_DEFUN([ECD_RPATH], [
for ecd_flag in $[]$1; do
  AS_CASE([$ecd_flag], [-L/usr/lib*|-L/lib*], [], [-L/*],
    [$1="$[]$1 -Wl,-rpath,$(AS_ECHO(["$ecd_flag"]) | sed 's/^-L//')"])
done
])

# ECD_PREFIX(PREFIX, HEADER, NAME, DEBIAN-PACKAGE, OPTION): a prefix given with --with-OPTION must hold the header.
AC_DEFUN([ECD_PREFIX], [
AS_IF([test ! -f "$1/include/$2"],
  [ECD_MISSING([$3 in $1 ($1/include/$2)], [$4], [./configure --with-$5=PATH, its install prefix])])
])

AC_DEFUN([ECD_CHECK_MPI], [
AC_MSG_CHECKING([whether $CC builds MPI programs])
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>
#if MPI_VERSION < 3
#error MPI 3 is needed
#endif]], [[MPI_Init(0, 0);]])], [AC_MSG_RESULT([yes])],
  [AC_MSG_RESULT([no])
   ECD_MISSING([MPI (version 3 or later)], [libopenmpi-dev openmpi-bin], [CC=/path/to/mpicc ./configure])])
])

# ECD_PKG(VAR, PKG-CONFIG-NAMES, NAME, DEBIAN-PACKAGE, HINT, HEADER): the first pkg-config module that
# exists; VAR_CFLAGS and VAR_LIBS given by the user win. PETSC_DIR, HDF5_DIR extend the search path.
AC_DEFUN([ECD_PKG], [
AC_ARG_VAR([$1][_CFLAGS], [C compiler flags for $3, instead of pkg-config's])
AC_ARG_VAR([$1][_LIBS], [linker flags for $3, instead of pkg-config's])
ecd_$1_source="given by the user"
AC_MSG_CHECKING([for $3])
AS_IF([test "x$[]$1[]_LIBS" = x], [
  ecd_path="$PKG_CONFIG_PATH"
  m4_if([$1], [PETSC], [AS_IF([test "x$PETSC_DIR" != x],
    [ecd_path="$PETSC_DIR/$PETSC_ARCH/lib/pkgconfig:$PETSC_DIR/lib/pkgconfig:$ecd_path"])])
  m4_if([$1], [HDF5], [AS_IF([test "x$HDF5_DIR" != x], [ecd_path="$HDF5_DIR/lib/pkgconfig:$ecd_path"])])
  for ecd_module in $2; do
    AS_IF([PKG_CONFIG_PATH="$ecd_path" $PKG_CONFIG --exists $ecd_module 2>/dev/null], [
      $1[]_CFLAGS=$(PKG_CONFIG_PATH="$ecd_path" $PKG_CONFIG --cflags $ecd_module)
      $1[]_LIBS=$(PKG_CONFIG_PATH="$ecd_path" $PKG_CONFIG --libs $ecd_module)
      ecd_$1_source="$ecd_module $(PKG_CONFIG_PATH="$ecd_path" $PKG_CONFIG --modversion $ecd_module)"
      break])
  done
  m4_if([$1], [HDF5], [AS_IF([test "x$[]$1[]_LIBS" = x && test "x$HDF5_DIR" != x],
    [$1[]_CFLAGS="-I$HDF5_DIR/include"; $1[]_LIBS="-L$HDF5_DIR/lib -lhdf5"; ecd_$1_source="$HDF5_DIR"])])
])
AS_IF([test "x$[]$1[]_LIBS" = x],
  [AC_MSG_RESULT([no]); ECD_MISSING([$3], [$4], [$5 ./configure, or PKG_CONFIG_PATH with its .pc file])],
  [AC_MSG_RESULT([$ecd_$1_source])])
ECD_RPATH([$1][_LIBS])
ecd_saved_cppflags="$CPPFLAGS"; ecd_saved_libs="$LIBS"
CPPFLAGS="$CPPFLAGS $[]$1[]_CFLAGS"; LIBS="$[]$1[]_LIBS $LIBS"
AC_MSG_CHECKING([whether $3 compiles and links])
AC_LINK_IFELSE([AC_LANG_PROGRAM([m4_ifval([$6], [[#include <$6>]])], [])], [AC_MSG_RESULT([yes])],
  [AC_MSG_RESULT([no]); ECD_MISSING([a working $3], [$4], [$5 ./configure])])
CPPFLAGS="$ecd_saved_cppflags"; LIBS="$ecd_saved_libs"
# Warnings are about our code, not about other people's headers.
$1[]_CFLAGS=$(AS_ECHO(["$[]$1[]_CFLAGS"]) | sed 's/-I */-isystem /g')
])

AC_DEFUN([ECD_CHECK_HDF5_PARALLEL], [
AC_MSG_CHECKING([whether HDF5 is the parallel build])
ecd_saved_cppflags="$CPPFLAGS"; CPPFLAGS="$CPPFLAGS $HDF5_CFLAGS"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <hdf5.h>
#ifndef H5_HAVE_PARALLEL
#error serial HDF5
#endif]])], [AC_MSG_RESULT([yes])],
  [AC_MSG_RESULT([no]); ECD_MISSING([parallel HDF5 (a serial one was found)], [libhdf5-openmpi-dev], [HDF5_DIR=PATH ./configure])])
CPPFLAGS="$ecd_saved_cppflags"
])

# ECD_LIB(VAR, HEADER, LIBRARY, FUNCTION, NAME, DEBIAN-PACKAGE, OPTION): header and link probe;
# --with-OPTION=PATH gives the install prefix.
AC_DEFUN([ECD_LIB], [
AC_ARG_WITH([$7], [AS_HELP_STRING([--with-$7=PATH], [install prefix of $5])],
  [], [withval=yes])
AS_CASE([$withval],
  [yes], [$1[]_CFLAGS=; $1[]_LIBS="-l$3"],
  [no], [AC_MSG_ERROR([--with-$7=no: $5 is needed])],
  [ECD_PREFIX([$withval], [$2], [$5], [$6], [$7])
   $1[]_CFLAGS="-I$withval/include"; $1[]_LIBS="-L$withval/lib -L$withval/lib64 -l$3"])
ECD_RPATH([$1][_LIBS])
ecd_saved_cppflags="$CPPFLAGS"; ecd_saved_libs="$LIBS"
CPPFLAGS="$CPPFLAGS $[]$1[]_CFLAGS"; LIBS="$[]$1[]_LIBS $LIBS"
AC_MSG_CHECKING([for $5])
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <$2>]], [[return (void *)$4 == (void *)0;]])],
  [AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no]); ECD_MISSING([$5], [$6], [./configure --with-$7=PATH])])
CPPFLAGS="$ecd_saved_cppflags"; LIBS="$ecd_saved_libs"
AC_SUBST([$1][_CFLAGS])
AC_SUBST([$1][_LIBS])
])

# LAPACK's Fortran interface: in the BLAS library (OpenBLAS, MKL), or a library of its own.
AC_DEFUN([ECD_CHECK_LAPACK], [
AC_ARG_VAR([LAPACK_LIBS], [linker flags for LAPACK, if it is not in the BLAS library])
ecd_saved_libs="$LIBS"
AC_MSG_CHECKING([for LAPACK])
ecd_LAPACK_found=no
for ecd_flag in "$LAPACK_LIBS" "" -llapack; do
  LIBS="$ecd_flag $BLAS_LIBS $ecd_saved_libs"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[void dgesvd_(void); void dsyev_(void);]], [[dgesvd_(); dsyev_();]])],
    [ecd_LAPACK_found=yes; LAPACK_LIBS="$ecd_flag $BLAS_LIBS"; break])
done
AS_IF([test $ecd_LAPACK_found = no],
  [AC_MSG_RESULT([no]); ECD_MISSING([LAPACK], [libopenblas-openmp-dev], [LAPACK_LIBS="-L... -llapack" ./configure])],
  [AC_MSG_RESULT([$LAPACK_LIBS])])
LIBS="$ecd_saved_libs"
])

AC_DEFUN([ECD_CHECK_RANDOM123], [
AS_IF([test "x$with_random123" != x],
  [RANDOM123_CFLAGS="-I$with_random123 -I$with_random123/include"
   AS_IF([test ! -f "$with_random123/Random123/philox.h" && test ! -f "$with_random123/include/Random123/philox.h"],
     [ECD_MISSING([Random123/philox.h in $with_random123], [librandom123-dev],
                  [./configure --with-random123=PATH])])])
ecd_saved_cppflags="$CPPFLAGS"; CPPFLAGS="$CPPFLAGS $RANDOM123_CFLAGS"
AC_MSG_CHECKING([for Random123])
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <Random123/philox.h>]])], [AC_MSG_RESULT([yes])],
  [AC_MSG_RESULT([no]); ECD_MISSING([Random123], [librandom123-dev], [./configure --with-random123=PATH])])
CPPFLAGS="$ecd_saved_cppflags"
AC_SUBST([RANDOM123_CFLAGS])
])

# oneDNN is optional: without it the blas backend is the default. API versions 2 and 3 share sgemm.
AC_DEFUN([ECD_CHECK_DNNL], [
ecd_have_dnnl=no
AS_IF([test "x$with_dnnl" != xno], [
  AS_IF([test "x$with_dnnl" != xcheck && test "x$with_dnnl" != xyes],
    [ECD_PREFIX([$with_dnnl], [dnnl.h], [oneDNN], [libdnnl-dev], [dnnl])
     DNNL_CFLAGS="-I$with_dnnl/include"; ecd_dnnl_dirs="-L$with_dnnl/lib -L$with_dnnl/lib64"
     ECD_RPATH([ecd_dnnl_dirs])])
  ecd_saved_cppflags="$CPPFLAGS"; ecd_saved_libs="$LIBS"
  CPPFLAGS="$CPPFLAGS $DNNL_CFLAGS"; LIBS="$ecd_dnnl_dirs -ldnnl $LIBS"
  AC_MSG_CHECKING([for oneDNN])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <dnnl.h>
#include <dnnl_version.h>
#if DNNL_VERSION_MAJOR < 2
#error oneDNN 2 or later is needed
#endif]], [[dnnl_sgemm('N', 'N', 1, 1, 1, 1.0f, 0, 1, 0, 1, 0.0f, 0, 1);]])],
    [ecd_have_dnnl=yes; DNNL_LIBS="$ecd_dnnl_dirs -ldnnl"])
  AC_MSG_RESULT([$ecd_have_dnnl])
  CPPFLAGS="$ecd_saved_cppflags"; LIBS="$ecd_saved_libs"
  AS_IF([test $ecd_have_dnnl = no], [
    AS_IF([test "x$with_dnnl" != xcheck],
      [ECD_MISSING([oneDNN], [libdnnl-dev], [./configure --with-dnnl=PATH, or --with-dnnl=no to do without])],
      [AC_MSG_WARN([oneDNN not found: only the slower blas and ref backends will be built.
  On Debian:  apt-get install libdnnl-dev
  Elsewhere:  ./configure --with-dnnl=PATH])])])
])
AS_IF([test $ecd_have_dnnl = yes], [AC_DEFINE([ECD_HAVE_DNNL], [1], [oneDNN backend is built])])
AM_CONDITIONAL([HAVE_DNNL], [test $ecd_have_dnnl = yes])
AC_SUBST([DNNL_CFLAGS])
AC_SUBST([DNNL_LIBS])
])

# A Python that has what postproc/ needs; the distribution's own first.
AC_DEFUN([ECD_CHECK_PYTHON], [
AC_ARG_VAR([PYTHON], [Python 3 with h5py, numpy, matplotlib and yaml, for postproc/ and some tests])
AC_MSG_CHECKING([for a Python 3 with h5py, numpy, matplotlib and yaml])
AS_IF([test "x$PYTHON" = x], [
  for ecd_python in /usr/bin/python3 python3; do
    AS_IF([$ecd_python -c 'import h5py, numpy, matplotlib, yaml' >/dev/null 2>&1], [PYTHON=$ecd_python; break])
  done])
AS_IF([test "x$PYTHON" = x], [PYTHON=no
  AC_MSG_RESULT([no])
  AC_MSG_WARN([no report without it. On Debian: apt-get install python3-h5py python3-numpy python3-matplotlib python3-yaml; elsewhere: PYTHON=PATH ./configure])],
  [AC_MSG_RESULT([$PYTHON])])
])

AC_DEFUN([ECD_SUMMARY], [
AS_ECHO(["
+------------------------------------------------------------------------------
| $PACKAGE_STRING
|   compiler      $CC
|   flags         $CFLAGS
|   native code   $enable_native        sanitizers $enable_sanitizers
|   OpenMP        ${OPENMP_CFLAGS:-none}
|   PETSc         $ecd_PETSC_source
|   HDF5          $ecd_HDF5_source
|   ScaLAPACK     $ecd_SCALAPACK_source
|   BLAS          $ecd_BLAS_source
|   FFTW          $ecd_FFTW_source
|   oneDNN        $ecd_have_dnnl
|   Python        $PYTHON
|   install to    $prefix
|
|   next: make && make check && make install
+------------------------------------------------------------------------------"])
])
