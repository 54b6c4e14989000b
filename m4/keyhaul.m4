dnl SPDX-License-Identifier: Apache-2.0
dnl SPDX-FileCopyrightText: The keyhaul authors

dnl KH_ADD_CFLAGS(VARIABLE, FLAGS): adds each flag that the compiler takes without a word.
AC_DEFUN([KH_ADD_CFLAGS], [
AS_VAR_PUSHDEF([kh_cflags], [$1])
for kh_flag in m4_normalize([$2]); do
	kh_saved="$CFLAGS"
	CFLAGS="$CFLAGS -Werror $kh_flag"
	AC_MSG_CHECKING([whether $CC takes $kh_flag])
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
		[AC_MSG_RESULT([yes]); AS_VAR_APPEND([kh_cflags], [" $kh_flag"])], [AC_MSG_RESULT([no])])
	CFLAGS="$kh_saved"
done
AS_VAR_POPDEF([kh_cflags])
])

dnl KH_ADD_LDFLAGS(VARIABLE, FLAGS): adds each flag that the linker takes.
AC_DEFUN([KH_ADD_LDFLAGS], [
AS_VAR_PUSHDEF([kh_ldflags], [$1])
for kh_flag in m4_normalize([$2]); do
	kh_saved="$LDFLAGS"
	kh_saved_cflags="$CFLAGS"
	LDFLAGS="$LDFLAGS $kh_flag"
	CFLAGS="$CFLAGS -fPIE -Werror"
	AC_MSG_CHECKING([whether the linker takes $kh_flag])
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
		[AC_MSG_RESULT([yes]); AS_VAR_APPEND([kh_ldflags], [" $kh_flag"])], [AC_MSG_RESULT([no])])
	LDFLAGS="$kh_saved"
	CFLAGS="$kh_saved_cflags"
done
AS_VAR_POPDEF([kh_ldflags])
])
