# The header-only libraries from one folder that is carried along (FOVEA_HEADERS holds spdlog/, nlohmann/, CLI/ and, where
# spdlog does not bundle it, fmt/): the same targets and versions that their CMake packages give.

# fovea_header_library(spdlog spdlog::spdlog spdlog/version.h SPDLOG_VER): an interface target on FOVEA_HEADERS, and
# <name>_VERSION from the defines <prefix>_MAJOR, _MINOR and _PATCH of the file.
function(fovea_header_library name target file prefix)
  if(NOT EXISTS "${FOVEA_HEADERS}/${file}")
    message(FATAL_ERROR "FOVEA_HEADERS=${FOVEA_HEADERS} holds no ${file}. Put the headers of ${name} there.")
  endif()
  set(version "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS "${FOVEA_HEADERS}/${file}" line REGEX "define ${prefix}_${part} ")
    string(REGEX MATCH "${prefix}_${part} +([0-9]+)" found "${line}")
    list(APPEND version "${CMAKE_MATCH_1}")
  endforeach()
  list(JOIN version "." version)
  set(${name}_VERSION "${version}" PARENT_SCOPE)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE "${FOVEA_HEADERS}")
  message(STATUS "Found ${name}: ${FOVEA_HEADERS} (headers, version ${version})")
endfunction()

fovea_header_library(spdlog spdlog::spdlog spdlog/version.h SPDLOG_VER)
fovea_header_library(nlohmann_json nlohmann_json::nlohmann_json nlohmann/detail/abi_macros.hpp NLOHMANN_JSON_VERSION)
fovea_header_library(CLI11 CLI11::CLI11 CLI/Version.hpp CLI11_VERSION)

target_link_libraries(spdlog::spdlog INTERFACE Threads::Threads)
if(NOT EXISTS "${FOVEA_HEADERS}/spdlog/fmt/bundled/core.h")
  if(NOT EXISTS "${FOVEA_HEADERS}/fmt/core.h")
    message(FATAL_ERROR "FOVEA_HEADERS=${FOVEA_HEADERS} holds neither spdlog/fmt/bundled nor fmt. Put the headers of fmt there.")
  endif()
  target_compile_definitions(spdlog::spdlog INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
endif()
