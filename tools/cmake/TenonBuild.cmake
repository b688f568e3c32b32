# SPDX-License-Identifier: Apache-2.0
# What every target of this tree has in common: language, warnings, places, sanitizers, libonnx.

include(GNUInstallDirs)
set(CMAKE_INSTALL_LIBDIR lib)  # one layout in the build folder and when installed

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, RelWithDebInfo" FORCE)
endif()
# Size arithmetic and bounds are checked by code, not by assert: NDEBUG costs no safety.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/archive")
set(TENON_PROVIDERS_DIR "${PROJECT_BINARY_DIR}/lib/tenon/providers.d")  # searched because it is beside libtenon.so
set(CMAKE_INSTALL_RPATH "\$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

option(TENON_WERROR "Treat warnings in our own sources as errors" ON)
add_compile_options(-Wall -Wextra -Wpedantic)
# g++ 12 sees uninitialized members in std::optional where there are none (GCC bug 80635).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-maybe-uninitialized)
endif()
if(TENON_WERROR)
  add_compile_options(-Werror)
endif()
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)

set(TENON_SANITIZE "" CACHE STRING "Sanitizers: 'address,undefined', 'thread' or empty")
if(TENON_SANITIZE)
  add_compile_options(-fsanitize=${TENON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TENON_SANITIZE})
  # -O1 and short debug information: the sanitizer runs whole models, and the link fits in memory.
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
  set(CMAKE_C_FLAGS_DEBUG "-O1 -g1")
  if(TENON_SANITIZE MATCHES "address")
    # AddressSanitizer sees these two itself, at the access; checked twice they are a fifth of the compilation.
    add_compile_options(-fno-sanitize=null,object-size)
    # What a program that is built without the sanitizer loads first. libstdc++ too: the sanitizer looks for its throw when
    # it starts, and an interpreter in C has not loaded it by then.
    set(TENON_ASAN_LIBRARY "")
    foreach(library libasan.so libstdc++.so.6)
      execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -print-file-name=${library}
        OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE)
      string(APPEND TENON_ASAN_LIBRARY ":${path}")
    endforeach()
    string(SUBSTRING "${TENON_ASAN_LIBRARY}" 1 -1 TENON_ASAN_LIBRARY)
  endif()
endif()

# Half of a small file's compilation is the standard library's headers. Sources still name what they use: the presets debug
# and tsan compile them without this.
option(TENON_PRECOMPILE "Precompile the standard library's headers, and those that every file of a target includes" ON)
# tenon_precompile(<target> [<header>...]): headers in angle brackets, beside those of the standard library.
function(tenon_precompile target)
  if(TENON_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <cmath> <cstdint> <cstring> <functional> <map> <memory>
      <optional> <span> <string> <string_view> <utility> <vector> ${ARGN})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # ccache asks for the first. The others speak of std::string's own code, which g++ 12 takes for ours when it comes
      # out of a precompiled header (GCC bugs 105329, 105651).
      target_compile_options(${target} PRIVATE -fpch-preprocess -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
    endif()
  endif()
endfunction()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)

# ONNX's own library as tools/setup built it: one release build, used by every preset.
set(TENON_ONNX_ROOT "${PROJECT_SOURCE_DIR}/build/deps/onnx" CACHE PATH "Install prefix of static libonnx")
if(NOT EXISTS "${TENON_ONNX_ROOT}/lib/libonnx.a")
  message(FATAL_ERROR "${TENON_ONNX_ROOT}/lib/libonnx.a is missing: run tools/setup first")
endif()
find_package(Protobuf REQUIRED)
add_library(tenon_libonnx INTERFACE)
target_include_directories(tenon_libonnx SYSTEM INTERFACE "${TENON_ONNX_ROOT}/include")
target_compile_definitions(tenon_libonnx INTERFACE ONNX_NAMESPACE=tenon_onnx ONNX_ML=1)
target_link_libraries(tenon_libonnx INTERFACE
  "${TENON_ONNX_ROOT}/lib/libonnx.a" "${TENON_ONNX_ROOT}/lib/libonnx_proto.a" protobuf::libprotobuf Threads::Threads)
