# Finds the V8 that Debian packages as libnode-dev, either installed or unpacked by scripts/setup into build/deps/v8.
# Defines V8::V8. The headers are those under nodejs/deps/v8: a foreign Node.js never ships that path, so headers and
# library cannot be of different versions.
set(_v8_unpacked ${CMAKE_SOURCE_DIR}/build/deps/v8/usr)
find_path(V8_INCLUDE_DIR v8.h
  PATHS ${_v8_unpacked}/include/nodejs/deps/v8/include /usr/include/nodejs/deps/v8/include NO_DEFAULT_PATH)
find_library(V8_LIBRARY node
  PATHS ${_v8_unpacked}/lib/${CMAKE_LIBRARY_ARCHITECTURE} ${_v8_unpacked}/lib/x86_64-linux-gnu
        ${_v8_unpacked}/lib/aarch64-linux-gnu
  NO_DEFAULT_PATH)
if(NOT V8_LIBRARY)
  find_library(V8_LIBRARY node)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(V8 REQUIRED_VARS V8_LIBRARY V8_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run scripts/setup first")
mark_as_advanced(V8_LIBRARY V8_INCLUDE_DIR)

if(V8_FOUND AND NOT TARGET V8::V8)
  add_library(V8::V8 SHARED IMPORTED)
  set_target_properties(V8::V8 PROPERTIES
    IMPORTED_LOCATION ${V8_LIBRARY}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${V8_INCLUDE_DIR}
    INTERFACE_INCLUDE_DIRECTORIES ${V8_INCLUDE_DIR})
endif()
