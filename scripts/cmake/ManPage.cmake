# cmake -D PROGRAM=... -D PAGE=... -P ManPage.cmake: writes the manual page PAGE (section 1) from what PROGRAM says with --help,
# and with --help after each of its subcommands.
get_filename_component(name ${PROGRAM} NAME)

function(help out)
  execute_process(COMMAND ${PROGRAM} ${ARGN} --help OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# Appends a section of text as it stands: backslashes escaped, and no line that roff takes for a command.
function(section title text)
  string(REPLACE "\\" "\\e" text "${text}")
  string(REPLACE "-" "\\-" text "${text}")
  string(REGEX REPLACE "(^|\n)([.'])" "\\1\\\\&\\2" text "${text}")
  string(STRIP "${text}" text)
  set(page "${page}.SH ${title}\n.nf\n${text}\n.fi\n" PARENT_SCOPE)
endfunction()

help(text)
string(REGEX MATCH "^[^\n]+" summary "${text}")
execute_process(COMMAND ${PROGRAM} --version OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REPLACE "-" "\\-" roff_name ${name})
set(page ".TH ${name} 1 \"\" \"${version}\"\n.SH NAME\n${roff_name} \\- ${summary}\n")
section(USAGE "${text}")
if(text MATCHES "\nSubcommands:\n(.*)")
  string(REGEX MATCHALL "\n  [a-z]+" commands "\n${CMAKE_MATCH_1}")
  foreach(command ${commands})
    string(STRIP ${command} command)
    help(text ${command})
    section("${name} ${command}" "${text}")
  endforeach()
endif()
file(WRITE ${PAGE} "${page}")
