# SPDX-License-Identifier: Apache-2.0
# How tests are registered with ctest. Labels (tests/README.md): `asan` and `tsan` name the sanitizer presets that run
# the test as well; release runs every test, except those labelled `deep`, which only `tools/test --deep` runs.

include(CTest)
if(BUILD_TESTING)
  include(GoogleTest)
  find_package(GTest REQUIRED)
endif()

set(TENON_PYTHON "${PROJECT_SOURCE_DIR}/build/venv/bin/python" CACHE FILEPATH "Python of the tests")
set(TENON_TEST_ENVIRONMENT
  "ORT_DISABLE_TELEMETRY=1"
  "PYTHONDONTWRITEBYTECODE=1"
  "TENON_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "TENON_BUILD_DIR=${PROJECT_BINARY_DIR}")

# _tenon_runs_here(<out> <label...>): whether a test with these labels belongs to this build. A sanitizer build holds
# only the tests that carry its label, so that it compiles no more than it runs.
function(_tenon_runs_here out)
  set(wanted "")
  if(TENON_SANITIZE MATCHES "address")
    set(wanted asan)
  elseif(TENON_SANITIZE MATCHES "thread")
    set(wanted tsan)
  endif()
  if(NOT BUILD_TESTING OR (wanted AND NOT wanted IN_LIST ARGN))
    set(${out} FALSE PARENT_SCOPE)
  else()
    set(${out} TRUE PARENT_SCOPE)
  endif()
endfunction()

# tenon_gtest(NAME <program> SOURCES <file...> [LIBRARIES <target...>] [LABELS <label...>] [TIMEOUT <seconds>]
#             [ENVIRONMENT <NAME=value...>] [WHOLE])
# A GoogleTest program. Each of its tests becomes a ctest test `<program>.<Suite>.<Test>`; with WHOLE the program is one.
function(tenon_gtest)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(arg "WHOLE" "NAME;TIMEOUT" "SOURCES;LIBRARIES;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(NOT TARGET ${arg_NAME})
    add_executable(${arg_NAME} ${arg_SOURCES})
  endif()
  _tenon_runs_here(runs ${arg_LABELS})
  if(NOT runs)
    set_target_properties(${arg_NAME} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    return()
  endif()
  target_include_directories(${arg_NAME} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${arg_NAME} PRIVATE ${arg_LIBRARIES} GTest::gtest_main)
  target_compile_definitions(${arg_NAME} PRIVATE
    TENON_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TENON_BUILD_DIR="${PROJECT_BINARY_DIR}")
  set(environment ${TENON_TEST_ENVIRONMENT} ${arg_ENVIRONMENT})
  if(arg_WHOLE)
    add_test(NAME ${arg_NAME} COMMAND ${arg_NAME})
    set_tests_properties(${arg_NAME} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
      ENVIRONMENT "${environment}")
  else()
    # gtest_discover_tests loses list values on their way through its script: set them when ctest reads the list.
    gtest_discover_tests(${arg_NAME} TEST_PREFIX "${arg_NAME}." NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60)
    set(properties "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}_properties.cmake")
    file(CONFIGURE OUTPUT "${properties}" @ONLY CONTENT [[
if(@arg_NAME@_TESTS)
  set_tests_properties(${@arg_NAME@_TESTS} PROPERTIES
    TIMEOUT "@arg_TIMEOUT@" LABELS "@arg_LABELS@" ENVIRONMENT "@environment@")
endif()
]])
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${properties}")
  endif()
endfunction()

# tenon_python_test(NAME <name> SCRIPT <file> [ARGS <arg...>] [LABELS <label...>] [TIMEOUT <seconds>]
#                   [ENVIRONMENT <NAME=value...>])
# A Python program run by the project's environment; exit status 0 passes, 77 is skipped (print the reason last).
# With a sanitizer, its run-time library is loaded first, so that the program may open libtenon.so by ctypes.
function(tenon_python_test)
  cmake_parse_arguments(arg "" "NAME;SCRIPT;TIMEOUT" "ARGS;LABELS;ENVIRONMENT" ${ARGN})
  _tenon_runs_here(runs ${arg_LABELS})
  if(NOT runs)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  cmake_path(ABSOLUTE_PATH arg_SCRIPT)
  if(TENON_SANITIZE MATCHES "address")
    # The interpreter's own leaks are not our subject; the programs that it starts are checked by their own tests.
    list(APPEND arg_ENVIRONMENT "LD_PRELOAD=${TENON_ASAN_LIBRARY}" "ASAN_OPTIONS=detect_leaks=0")
  endif()
  add_test(NAME ${arg_NAME} COMMAND "${TENON_PYTHON}" "${arg_SCRIPT}" ${arg_ARGS})
  set_tests_properties(${arg_NAME} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}" SKIP_RETURN_CODE 77
    ENVIRONMENT "${TENON_TEST_ENVIRONMENT};${arg_ENVIRONMENT}")
endfunction()
