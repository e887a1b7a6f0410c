# How every target of Lockstep is built: warnings, sanitizers, include paths, and one function for each kind of target.

option(LOCKSTEP_TESTS "Build the tests and benchmarks" ON)
# Not where GCC optimises: it then warns of what cannot be.
option(LOCKSTEP_WERROR "Treat warnings as errors" OFF)
option(LOCKSTEP_FUZZ "Build the fuzzers; needs clang" OFF)
option(LOCKSTEP_UNITY "Compile the files of a library or a test a dozen at a time: a whole build takes a third of the time" ON)
option(LOCKSTEP_PCH "Read the headers that most files include from one precompiled file (GCC only)" ON)
option(LOCKSTEP_STATIC "Link what the loader would spend most time on (gRPC, Abseil, Protocol Buffers) into the programs" OFF)
set(LOCKSTEP_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, for example address,undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

find_program(LOCKSTEP_CCACHE ccache)
if(LOCKSTEP_CCACHE)
  # Without these ccache keeps nothing that was compiled with a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${LOCKSTEP_CCACHE})
endif()

add_compile_options(-pthread)  # for all, as those who link Threads have it and the precompiled headers must not differ
# What a program says of its sources does not depend on where they were built.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)

if(LOCKSTEP_SANITIZE)
  add_compile_options(-fsanitize=${LOCKSTEP_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LOCKSTEP_SANITIZE})
  if(LOCKSTEP_SANITIZE MATCHES undefined)
    # The packaged V8 has no RTTI, which the vptr check needs.
    add_compile_options(-fno-sanitize=vptr -fno-sanitize-recover=undefined)
  endif()
endif()

# Makes the packages' targets found so far stand for static libraries where there are such: resolving their tens of
# thousands of symbols is a third of what a short run takes, and their sixty files are half of those that are opened.
# What gets security updates of its own (OpenSSL, curl, V8) stays shared.
function(lockstep_link_statically)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  list(FILTER targets INCLUDE REGEX "^(absl|gRPC|protobuf|upb|c-ares)::|^yaml-cpp")
  foreach(target IN LISTS targets)
    foreach(configuration "" _NONE _RELEASE _RELWITHDEBINFO)
      get_target_property(location ${target} IMPORTED_LOCATION${configuration})
      string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive "${location}")
      if(location AND EXISTS ${archive})
        set_target_properties(${target} PROPERTIES IMPORTED_LOCATION${configuration} ${archive})
      endif()
    endforeach()
  endforeach()
  find_library(LOCKSTEP_RE2 libre2.a REQUIRED)  # the one that has no such target
  set(re2 ${LOCKSTEP_RE2})
  if(TARGET absl::log)  # which Debian 13's writes its own mistakes with
    list(APPEND re2 absl::log)
  endif()
  set_target_properties(re2::re2 PROPERTIES INTERFACE_LINK_LIBRARIES "${re2}")
  # The archives need each other in no order that CMake could know of.
  set(CMAKE_CXX_LINK_EXECUTABLE
    "<CMAKE_CXX_COMPILER> <FLAGS> <CMAKE_CXX_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> -Wl,--start-group <LINK_LIBRARIES> -Wl,--end-group"
    PARENT_SCOPE)
endfunction()

# GCC collects its garbage from 128 MB on as it comes, again and again: from 512 MB on that is a seventh of its time less.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(--param=ggc-min-heapsize=524288)
endif()

# Applies the project's include root and warnings to `target`.
function(lockstep_target target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor)
  if(LOCKSTEP_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# Compiles up to `files` of the sources of `target` as one unit: most of a unit's time goes into the headers that all include.
function(lockstep_unity target files)
  if(LOCKSTEP_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${files})
    # GCC takes what is included for a header, where a class with such a member would be another one in each unit.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# lockstep_headers(NAME HEADERS "a.h" ... [DEPS lib...] [OPTIONS flag...]): a precompiled file of headers for lockstep_use_headers. A
# file includes what it needs all the same: builds by other compilers have no such file.
function(lockstep_headers name)
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPS;OPTIONS" ${ARGN})
  if(LOCKSTEP_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    file(CONFIGURE OUTPUT ${name}.cpp CONTENT "// Nothing but the precompiled headers.\n")
    add_library(${name} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
    lockstep_target(${name})
    target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
    target_link_libraries(${name} PRIVATE ${ARG_DEPS})
    target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
    if(LOCKSTEP_CCACHE)
      set_target_properties(${name} PROPERTIES
        CXX_COMPILER_LAUNCHER "${PROJECT_SOURCE_DIR}/scripts/cmake/remove_output;${CMAKE_CXX_COMPILER_LAUNCHER}")
    endif()
  endif()
endfunction()

# Lets `target` read the precompiled `headers`, where there are such.
function(lockstep_use_headers target headers)
  if(TARGET ${headers})
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # which ccache needs
    target_precompile_headers(${target} REUSE_FROM ${headers})
  endif()
endfunction()

# lockstep_library(NAME [COLD] SOURCES a.cc b.cc DEPS lib... ): one folder, one layer, one static library, which reads the
# precompiled headers that LOCKSTEP_HEADERS names. Its files share translation units, so a name in an anonymous namespace is the
# folder's: no two files may use it for two things. COLD: nothing in it runs often, so it is optimised less, in two thirds of the time.
function(lockstep_library name)
  cmake_parse_arguments(ARG "COLD" "" "SOURCES;DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    lockstep_target(${name})
    target_link_libraries(${name} PUBLIC ${ARG_DEPS})
    lockstep_unity(${name} 12)
    lockstep_use_headers(${name} ${LOCKSTEP_HEADERS})
    # From 13 on, GCC takes no precompiled headers of who differs in what -O2 means for the machine (-mvzeroupper).
    if(ARG_COLD AND CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      target_compile_options(${name} PRIVATE -O1)
    endif()
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPS})
  endif()
endfunction()

# Embeds the text `file` as what the function `function` returns, which `header` declares in the namespace of its layer
# (lockstep::agent for agent/...), and appends the source to compile to the list `sources`.
function(lockstep_embed_text sources header file function)
  set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)  # not .cc, which clang-tidy would take for ours
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  string(REGEX MATCH "^[a-z]+" layer ${header})
  file(READ ${file} text)
  file(WRITE ${embedded}.new "#include \"${header}\"\nnamespace lockstep::${layer} {\n"
    "absl::string_view ${function}() {\n  static constexpr char kText[] = R\"__text__(" "${text}" ")__text__\";\n"
    "  return absl::string_view(kText, sizeof kText - 1);\n}\n}  // namespace lockstep::${layer}\n")
  file(COPY_FILE ${embedded}.new ${embedded} ONLY_IF_DIFFERENT)
  set(${sources} ${${sources}} ${embedded} PARENT_SCOPE)
endfunction()

# Embeds the texts whose paths below the folder `root` follow, as what the function `function` returns for such a path; `header`
# declares it, and a path that is not among them ends the program.
function(lockstep_embed_texts sources header function root)
  string(REGEX MATCH "^[a-z]+" layer ${header})
  set(all ${${sources}})
  foreach(path ${ARGN})
    string(MAKE_C_IDENTIFIER "${function}_${path}" text)
    lockstep_embed_text(all ${header} ${root}/${path} ${text})
    string(APPEND declared "absl::string_view ${text}();\n")
    string(APPEND rows "      {\"${path}\", &${text}},\n")
  endforeach()
  set(index ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
  file(WRITE ${index}.new "#include \"${header}\"\n\n#include \"common/base/check.h\"\n\nnamespace lockstep::${layer} {\n${declared}"
    "absl::string_view ${function}(absl::string_view path) {\n  static constexpr struct {\n    absl::string_view path;\n"
    "    absl::string_view (*text)();\n  } kTexts[] = {\n${rows}  };\n  for (const auto& known : kTexts) {\n"
    "    if (known.path == path) {\n      return known.text();\n    }\n  }\n  LOCKSTEP_CHECK(false);\n  return {};\n}\n"
    "}  // namespace lockstep::${layer}\n")
  file(COPY_FILE ${index}.new ${index} ONLY_IF_DIFFERENT)
  set(${sources} ${all} ${index} PARENT_SCOPE)
endfunction()

# The same for a file of any bytes.
function(lockstep_embed_binary sources header file function)
  set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
  set(path ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  string(REGEX MATCH "^[a-z]+" layer ${header})
  file(SHA256 ${path} hash)
  file(WRITE ${embedded}.new "// ${hash}\n#include \"${header}\"\n"
    "__asm__(\".section .rodata\\n${function}_begin:\\n.incbin \\\"${path}\\\"\\n${function}_end:\\n.previous\\n\");\n"
    "extern \"C\" __attribute__((visibility(\"hidden\"))) const char ${function}_begin[], ${function}_end[];\n"
    "namespace lockstep::${layer} {\nabsl::string_view ${function}() {\n"
    "  return absl::string_view(${function}_begin, static_cast<size_t>(${function}_end - ${function}_begin));\n}\n"
    "}  // namespace lockstep::${layer}\n")
  file(COPY_FILE ${embedded}.new ${embedded} ONLY_IF_DIFFERENT)
  set_source_files_properties(${embedded} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  set(${sources} ${${sources}} ${embedded} PARENT_SCOPE)
endfunction()

# lockstep_executable(NAME SOURCES main.cc DEPS lib...)
function(lockstep_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  lockstep_target(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
endfunction()

# lockstep_test(NAME SOURCES x_test.cc DEPS lib... [LABELS unit|sim|integration|no_tsan|slow]): one gtest binary
# for one library, so that a broken layer shows as a link error. `no_tsan`: uses V8, gRPC or protobuf's reflection,
# which are not built for ThreadSanitizer. Tests run at the top of the source tree: their data are at tests/... Its files share
# units as those of a library do: a name means one thing in all of them.
function(lockstep_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  lockstep_target(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  lockstep_unity(${name} 8)
  lockstep_use_headers(${name} headers_tests)
  if(CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
    target_compile_options(${name} PRIVATE -O0)  # what runs once takes half the time to compile
    target_link_options(${name} PRIVATE -fuse-ld=lld)
  endif()
  # A program is one test of ctest's: started a thousand times, once for each case, they took ten times as long.
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 1800)
endfunction()
