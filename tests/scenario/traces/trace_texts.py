"""One short movement, as several formats write it."""

FCD = """<?xml version="1.0" encoding="UTF-8"?>
<fcd-export>
    <timestep time="0.00">
        <vehicle id="a" x="10.00" y="20.00" angle="90.00" type="car" speed="5.00" lane="e_0"/>
        <person id="p" x="50.00" y="60.00" angle="0.00" speed="1.00" edge="e"/>
    </timestep>
    <timestep time="1.00"/>
    <timestep time="2.00">
        <vehicle id="a" x="20.00" y="20.00" angle="90.00" type="car" speed="5.00" lane="e_0"/>
        <vehicle id="b" x="99.00" y="98.00" angle="90.00" type="car" speed="5.00" lane="e_0"/>
    </timestep>
    <timestep time="3.00"/>
</fcd-export>
"""
FCD_CSV = """timestep_time;vehicle_id;vehicle_x;vehicle_y;vehicle_lane;person_id;person_x;person_y
0.00;a;10.00;20.00;e_0;;;
0.00;;;;;p;50.00;60.00
1.00;;;;;;;
2.00;a;20.00;20.00;e_0;;;
2.00;b;99.00;98.00;e_0;;;
3.00;;;;;;;
"""
CSV = "id,time_s,x_m,y_m\na,0,10,20\np,0,50,60\na,2,20,20\nb,2,99,98\n"
