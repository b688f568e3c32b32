# SPDX-License-Identifier: Apache-2.0
# The kernels' own tests, once for each variant. Only inside Tenon's tree.
if(BUILD_TESTING AND COMMAND tenon_gtest)
  set(tests conv_test main_test math_test matmul_test rows_test)
  list(TRANSFORM tests REPLACE "(.+)" "${CMAKE_CURRENT_SOURCE_DIR}/kernels/\\1.cc")
  foreach(variant IN LISTS variants)
    set(program cpu_kernel_tests_${variant})
    add_executable(${program} ${tests} $<TARGET_OBJECTS:tenon_cpu_kernels_${variant}>)
    target_include_directories(${program} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
    target_compile_options(${program} PRIVATE ${options} ${isa_${variant}})
    tenon_gtest(NAME ${program} WHOLE LABELS asan tsan
      LIBRARIES Tenon::plugin_api tenon_provider_cpu_blas OpenMP::OpenMP_CXX GTest::gtest)
  endforeach()
endif()
