# SPDX-License-Identifier: Apache-2.0
# tenon_add_provider(NAME <name> MANIFEST <file> SOURCES <file...> [VARIANT <variant>] [INCLUDES <dir...>]
#                    [LIBRARIES <target or file...>] [COMPILE_OPTIONS <flag...>] [NO_INSTALL])
#
# Makes the target tenon_provider_<name>[_<variant>]: a module libtenon_provider_<name>[_<variant>].so that exports
# nothing but tenon_provider_entry_v0, with static libraries kept inside. The manifest (give it once, with the first
# variant) is copied beside it under its own file name, and both are installed into lib/tenon/providers.d. The same
# call serves inside Tenon's tree and against an installed plugin-api.

function(tenon_add_provider)
  cmake_parse_arguments(arg "NO_INSTALL" "NAME;MANIFEST;VARIANT" "SOURCES;INCLUDES;LIBRARIES;COMPILE_OPTIONS" ${ARGN})
  if(NOT arg_NAME OR NOT arg_SOURCES)
    message(FATAL_ERROR "tenon_add_provider: NAME and SOURCES are required")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_provider(${arg_NAME}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(target tenon_provider_${arg_NAME})
  if(arg_VARIANT)
    string(APPEND target "_${arg_VARIANT}")
  endif()
  if(TENON_PROVIDERS_DIR)  # inside Tenon's own tree
    set(out "${TENON_PROVIDERS_DIR}")
  else()
    set(out "${CMAKE_CURRENT_BINARY_DIR}/tenon/providers.d")
  endif()

  add_library(${target} MODULE ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${arg_INCLUDES})
  target_link_libraries(${target} PRIVATE Tenon::plugin_api ${arg_LIBRARIES})
  target_compile_options(${target} PRIVATE ${arg_COMPILE_OPTIONS})
  set(map "${CMAKE_CURRENT_BINARY_DIR}/${target}.map")
  file(CONFIGURE OUTPUT "${map}" CONTENT "{ global: tenon_provider_entry_v0; local: *; };\n")
  target_link_options(${target} PRIVATE "-Wl,--version-script=${map}" -Wl,--exclude-libs,ALL -Wl,-z,defs)
  set_target_properties(${target} PROPERTIES
    PREFIX "lib" SUFFIX ".so" LIBRARY_OUTPUT_DIRECTORY "${out}" INSTALL_RPATH "\$ORIGIN" POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(NOT arg_NO_INSTALL)  # providers of the tests stay in the build folder
    install(TARGETS ${target} LIBRARY DESTINATION lib/tenon/providers.d COMPONENT provider-${arg_NAME})
  endif()

  if(arg_MANIFEST)
    cmake_path(ABSOLUTE_PATH arg_MANIFEST)
    cmake_path(GET arg_MANIFEST FILENAME file)
    configure_file("${arg_MANIFEST}" "${out}/${file}" COPYONLY)
    if(NOT arg_NO_INSTALL)
      install(FILES "${arg_MANIFEST}" DESTINATION lib/tenon/providers.d COMPONENT provider-${arg_NAME})
    endif()
  endif()
endfunction()
