# cmake -D PROGRAMS=FOLDER -D SHARE=FOLDER -P ManPages.cmake: writes the manual pages of both programs and of each of lockstep's
# commands (section 1) and the completions of the shells, as the programs themselves make them.
set(man ${SHARE}/man/man1)
file(MAKE_DIRECTORY ${man} ${SHARE}/bash-completion/completions ${SHARE}/zsh/vendor-completions
  ${SHARE}/fish/vendor_completions.d)

function(write file)
  execute_process(COMMAND ${PROGRAMS}/${ARGN} OUTPUT_FILE ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

write(${man}/lockstep.1 lockstep help --man)
file(READ ${man}/lockstep.1 text)
string(REGEX MATCHALL "\n\\.TP\n\\.B [a-z ]+\n" commands "${text}")
foreach(command ${commands})
  string(REGEX REPLACE "\n\\.TP\n\\.B ([a-z ]+)\n" "\\1" command "${command}")
  string(REPLACE " " "-" page "${command}")
  string(REPLACE " " ";" words "${command}")
  write(${man}/lockstep-${page}.1 lockstep help ${words} --man)
endforeach()
write(${SHARE}/bash-completion/completions/lockstep lockstep completion bash)
write(${SHARE}/zsh/vendor-completions/_lockstep lockstep completion zsh)
write(${SHARE}/fish/vendor_completions.d/lockstep.fish lockstep completion fish)
write(${SHARE}/bash-completion/completions/lockstep-agent lockstep-agent --completion bash)
write(${SHARE}/zsh/vendor-completions/_lockstep-agent lockstep-agent --completion zsh)
write(${SHARE}/fish/vendor_completions.d/lockstep-agent.fish lockstep-agent --completion fish)

# The agent's is what it says with --help: backslashes escaped, and no line that roff takes for a command.
execute_process(COMMAND ${PROGRAMS}/lockstep-agent --help OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "^[^\n]+" summary "${text}")
string(REPLACE "\\" "\\e" text "${text}")
string(REPLACE "-" "\\-" text "${text}")
string(REGEX REPLACE "(^|\n)([.'])" "\\1\\\\&\\2" text "${text}")
file(WRITE ${man}/lockstep-agent.1 ".TH lockstep\\-agent 1\n.SH NAME\nlockstep\\-agent \\- ${summary}\n.SH USAGE\n.nf\n${text}\n.fi\n")
