# How every target of Ringfence is built: C++20, warnings are errors, headers are named from the top ("core/types/result.h").
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(ringfence_options INTERFACE)
target_include_directories(ringfence_options INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/ringfence>)
target_compile_features(ringfence_options INTERFACE cxx_std_20)
# In C++ gcc's -Wconversion leaves signs alone, and clang's is told to: one code, the same warnings.
target_compile_options(ringfence_options INTERFACE $<BUILD_INTERFACE:-Wall -Wextra -Wconversion -Wshadow -Werror>
    $<BUILD_INTERFACE:$<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>>
    $<BUILD_INTERFACE:$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>> # wrong about "a" + std::string() until gcc 13 (PR 105651)
    $<BUILD_INTERFACE:-march=${RINGFENCE_MARCH}>)
# A unity build (CMAKE_UNITY_BUILD: several sources are compiled at once; a build from nothing takes half the time) is what scripts/ make.
# Joined sources shadow each other's names, and gcc takes them for headers that have unnamed namespaces.
if(CMAKE_UNITY_BUILD)
    target_compile_options(ringfence_options INTERFACE
        $<BUILD_INTERFACE:-Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>>)
endif()
if(RINGFENCE_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
elseif(RINGFENCE_TSAN)
    add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
    add_link_options(-fsanitize=thread)
endif()

# Directories of the packet's way: a unity build joins no file there, so it is the same machine code in every build; and a
# build that optimises nothing (the sanitizers') does so a little there, where its tests and fuzzers spend their time.
macro(ringfence_packet_path)
    set(CMAKE_UNITY_BUILD OFF)
    string(REPLACE "-O0" "-O1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endmacro()
# A directory in one of those that is control side again.
macro(ringfence_control_side)
    set(CMAKE_UNITY_BUILD $CACHE{CMAKE_UNITY_BUILD})
    set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "$CACHE{CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endmacro()

# ringfence_apart(FILES ...): sources that a unity build does not join with others, as they share names with one of them.
function(ringfence_apart)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# ringfence_library(NAME SOURCES a.cpp ... LINK other ... [APART b.cpp ...]): a static library ringfence_NAME, known as ringfence::NAME.
function(ringfence_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINK;PRIVATE_LINK;APART" ${ARGN})
    ringfence_apart(${arg_APART})
    if(arg_SOURCES)
        add_library(ringfence_${name} STATIC ${arg_SOURCES} ${arg_APART})
        target_link_libraries(ringfence_${name} PUBLIC ringfence_options ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK})
    else()
        add_library(ringfence_${name} INTERFACE)
        target_link_libraries(ringfence_${name} INTERFACE ringfence_options ${arg_LINK})
    endif()
    add_library(ringfence::${name} ALIAS ringfence_${name})
endfunction()
