# SPDX-License-Identifier: Apache-2.0
# The ABI's own tests: layout lock and headers. They need compilers and Python, nothing that is built here.

foreach(compiler gcc clang)
  find_program(TENON_ABI_${compiler} ${compiler})
  if(TENON_ABI_${compiler})
    tenon_python_test(NAME abi.layout.${compiler} SCRIPT abi/layout.py ARGS --check --cc "${TENON_ABI_${compiler}}")
  endif()
endforeach()
tenon_python_test(NAME abi.layout_test SCRIPT abi/layout_test.py)
tenon_python_test(NAME abi.headers SCRIPT abi/headers_test.py)
