# SPDX-License-Identifier: Apache-2.0
# tenon_join_page(<page> <styles> <scripts> <header>): one HTML page with styles and scripts in it, as a C++ header.

# The SHA-256 of a text in base64, as a page's Content-Security-Policy names what may run in it.
function(tenon_content_hash text out)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(SHA256 hex "${text}")
  string(APPEND hex "0000")  # 32 bytes and 2 of padding: 11 times 6 digits, 4 base64 letters each
  string(SUBSTRING "${hex}" 0 66 hex)
  set(letters "")
  foreach(at RANGE 0 60 6)
    string(SUBSTRING "${hex}" ${at} 6 digits)
    foreach(shift 18 12 6 0)
      math(EXPR index "(0x${digits} >> ${shift}) & 63")
      string(SUBSTRING "${alphabet}" ${index} 1 letter)
      string(APPEND letters "${letter}")
    endforeach()
  endforeach()
  string(SUBSTRING "${letters}" 0 43 letters)
  set(${out} "${letters}=" PARENT_SCOPE)
endfunction()

# The files one after the other, without their licence lines.
function(tenon_join_files files out)
  set(all "")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(REGEX REPLACE "^(//|/\\*) SPDX-License-Identifier: Apache-2.0( \\*/)?\n" "" text "${text}")
    string(APPEND all "${text}")
  endforeach()
  set(${out} "${all}" PARENT_SCOPE)
endfunction()

function(tenon_join_page page styles scripts header)
  tenon_join_files("${styles}" style)
  tenon_join_files("${scripts}" script)
  set(script "\"use strict\";\n(() => {\n${script}})();\n")
  tenon_content_hash("${style}" style_hash)
  tenon_content_hash("${script}" script_hash)
  file(READ "${page}" text)
  foreach(part style_hash script_hash style script)
    string(REPLACE "_" " " name "${part}")
    string(REPLACE "[[${name}]]" "${${part}}" text "${text}")
  endforeach()
  # A compiler need not take literals of more than 64 kB; neighbours join.
  set(literals "")
  string(LENGTH "${text}" length)
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 16000 part)
    string(APPEND literals "    R\"tenon_page(${part})tenon_page\"\n")
    math(EXPR at "${at} + 16000")
  endwhile()
  set(text "// SPDX-License-Identifier: Apache-2.0
// Made from sdk/report/page by sdk/report/join.cmake: the page that report.hpp fills in.
#pragma once

namespace tenon::detail {

inline constexpr const char* report_page =
${literals}    \"\";

}  // namespace tenon::detail
")
  set(before "")
  if(EXISTS "${header}")
    file(READ "${header}" before)
  endif()
  if(NOT before STREQUAL text)
    file(WRITE "${header}" "${text}")
  endif()
endfunction()
